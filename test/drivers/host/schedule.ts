import * as assert from "uvu/assert";
import { seeded } from "../../../drivers/conformance/rig.ts";
import { type Completion, deviceFault, type VerbKind } from "../../../drivers/contract/index.ts";
import { err, ok, type Result } from "../../../drivers/kit/index.ts";
import { command, type HostModule, never, rig, type Verbs } from "./support.ts";

const KINDS: VerbKind[] = ["query", "capture", "configure", "actuate"];

/**
 * One random day of a device: commands of every kind that answer, fail, hang or throw, repeats, cancels, losses, wrong
 * devices, interlocks and maintenance, all at random times. What must hold is checked where it would hurt: at the run.
 */
export async function randomSchedule(
  module: HostModule,
  seed: number,
): Promise<{ ran: number; moved: number }> {
  const random = seeded(seed);
  const below = (n: number) => Math.floor(random() * n);
  const board = new module.InterlockBoard([
    { name: "door", condition: "doorOpen", forbids: ["public", "staff"], forbidsUnknown: true },
  ]);
  let serial = "A1";
  let locked = false;
  const setDoor = (open: boolean) => {
    locked = open;
    board.set("door", open ? "active" : "inactive");
  };
  setDoor(false);
  const wrong: string[] = [];
  const r = rig(
    module,
    {
      serial: () => serial,
      driver: { expected: { serial: "A1" }, deviceTimeMs: 400, probeEveryMs: 300 },
      open: async () => {
        await r.clock.sleep(below(80));
        if (random() < 0.15) throw deviceFault("absent");
        if (random() < 0.03) await r.clock.sleep(3_000);
      },
      recover: async () => {
        if (serial !== "A1") wrong.push("recovered another device");
        if (random() < 0.05) throw deviceFault("protocol");
      },
      probe: async () => {
        if (random() < 0.05) throw deviceFault("noReply");
      },
    },
    { interlocks: board, results: { keepMs: 20_000, limit: 64 }, random },
  );
  const { device, clock, seen, lives } = r;

  interface Sent {
    runs: number;
    kind: VerbKind;
    canceled: string | undefined;
    completions: Completion<unknown>[];
    expected: number;
  }
  const sent = new Map<string, Sent>();

  const act =
    (id: string, entry: Sent, notAfter: number) =>
    async (
      verbs: Verbs,
      { signal, commit }: { signal: AbortSignal; commit(): void },
    ): Promise<Result<unknown>> => {
      entry.runs++;
      if (entry.canceled === "canceledBeforeStart") wrong.push(`${id} ran although it was cancelled`);
      if (clock.wall() > notAfter) wrong.push(`${id} began after its time`);
      if (entry.kind === "actuate") {
        if (locked) wrong.push(`${id} moved behind an interlock`);
        if (device.lifecycle === "misbound" || serial !== "A1") wrong.push(`${id} moved another device`);
        await clock.sleep(below(60));
        commit();
        return verbs.move(below(250));
      }
      await clock.sleep(below(120), signal);
      const dice = random();
      if (dice < 0.05) return never();
      if (dice < 0.1) throw new Error("a bug of the driver");
      if (dice < 0.2) return err(deviceFault(dice < 0.15 ? "noReply" : "refused"));
      return signal.aborted ? err(deviceFault("canceled")) : ok(id);
    };

  function send(id: string): void {
    const known = sent.get(id);
    const kind = known?.kind ?? KINDS[below(4)] ?? "query";
    const entry: Sent = known ?? { runs: 0, kind, canceled: undefined, completions: [], expected: 0 };
    const queueTimeMs = 20 + below(600);
    const notAfter = clock.wall() + 20 + below(600);
    const accepted = device.submit(
      command(id, kind, {
        parameters: { id },
        deviceTimeMs: 200,
        commits: kind === "actuate",
        ...(random() < 0.5 ? { queueTimeMs } : { notAfter }),
        ...(kind === "capture" ? { userTimeMs: 80 } : {}),
      }),
      act(id, entry, notAfter + queueTimeMs),
    );
    if (!accepted.ok) return;
    sent.set(id, entry);
    entry.expected++;
    void accepted.value.completion.then((completion) => entry.completions.push(completion));
  }

  device.start();
  for (let step = 0; step < 120; step++) {
    const dice = random();
    const anyId = `c${below(step + 1)}`;
    if (dice < 0.55) send(`c${step}`);
    else if (dice < 0.65) send(anyId);
    else if (dice < 0.75) {
      const entry = sent.get(anyId);
      void device.cancel(anyId).then((answer) => {
        if (!entry) return;
        entry.canceled = answer;
        if (answer === "canceledBeforeStart" && entry.runs > 0) wrong.push(`${anyId} had begun`);
      });
    } else if (dice < 0.82) setDoor(random() < 0.5);
    else if (dice < 0.86) {
      // Another device stands at the end of the cable after this.
      serial = random() < 0.5 ? "A1" : "B2";
      lives.at(-1)?.lose();
    } else if (dice < 0.88) device.beginMaintenance(below(500));
    else if (dice < 0.89) device.disable();
    else if (dice < 0.92) device.enable();
    if (random() < 0.8) await clock.sleep(below(150));
    if (random() < 0.1) serial = "A1";
  }
  device.enable();
  await device.stop();
  await clock.sleep(10_000);

  for (const [id, { runs, kind, completions, expected }] of sent) {
    if (completions.length !== expected)
      wrong.push(`${id}: ${completions.length} of ${expected} completions`);
    // Sent again it has one and the same answer, but for the result of a person.
    if (new Set(completions.map(({ tookMs, committed }) => `${tookMs} ${committed}`)).size > 1)
      wrong.push(`${id} had two answers`);
    if (runs > (kind === "query" ? 2 : 1)) wrong.push(`${id}, a ${kind}, ran ${runs} times`);
  }
  if (seen.atOnce > 1) wrong.push(`${seen.atOnce} motions at once`);
  assert.equal(wrong, [], `seed ${seed}`);
  const ran = [...sent.values()].reduce((sum, { runs }) => sum + runs, 0);
  return { ran, moved: seen.moves };
}
