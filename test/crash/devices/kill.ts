import type { ChildProcess } from "node:child_process";
import type { Handover } from "../../../runtime/ipc/index.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { seeded } from "../replay/random.ts";
import { type KilledDevice, KillRig, programs } from "./kill-rig.ts";
import { Person } from "./person.ts";
import { isDispenser, type Job } from "./states.ts";
import { CARDS, expectedCard, ITEM, OLD_CARD, ROLE } from "./things.ts";
import { isTrue } from "./truth.ts";

export interface Kill {
  device: KilledDevice;
  job: Job;
  step: string;
  whom: "vault" | "core" | "both";
  /** Whether the line also loses or spoils an answer right then. */
  disturbed: boolean;
  seed: number;
}

export interface Killed {
  kill: Kill;
  outcome: string | undefined;
  /** Whether the step came. */
  reached: boolean;
  wrong: string[];
}

const STEP_MS = 8_000;
const LOCK_STEPS = [
  ...["before-intent", "intent", "before-issued", "issued", "sent", "latch-seen", "opened", "closed"],
  ...["before-outcome", "outcome"],
];
const BEGIN = ["before-intent", "intent", "before-issued", "issued"];
const SHOWN = ["feed-sent", "identified", "before-present", "present-issued", "present-sent", "at-gate"];
const BACK = ["before-retract", "retract-issued", "retract-sent"];
const END = ["before-outcome", "outcome"];
const STEPS: Partial<Record<Job, string[]>> = {
  take: [...BEGIN, ...SHOWN, ...END],
  leave: [...BEGIN, ...SHOWN, ...BACK, ...END],
  accept: [...BEGIN, "accept-sent", "card-in", "entry-closed", "identified", ...BACK, ...END],
};

/** Every step of what each device does, with each of those that can be killed there. */
export function kills(seed: number): Kill[] {
  const all: Kill[] = [];
  const add = (device: KilledDevice, job: Job, steps: readonly string[]) => {
    for (const step of steps)
      for (const whom of ["vault", "core", "both"] as const)
        all.push({
          device,
          job,
          step,
          whom,
          disturbed: (all.length + seed) % 3 === 0,
          seed: seed * 10_000 + all.length,
        });
  };
  for (const job of ["take", "leave"] as const) add("kerong", job, LOCK_STEPS);
  for (const device of ["m001", "r02"] as const)
    for (const [job, steps] of Object.entries(STEPS)) add(device, job as Job, steps);
  return all;
}

/** Kills real processes one run after the other; `told` hears of each run. */
export async function killAll(list: readonly Kill[], told: (killed: Killed) => void): Promise<void> {
  const folder = await programs();
  for (const device of new Set(list.map((kill) => kill.device))) {
    const rig = new KillRig(device, folder);
    await rig.start();
    try {
      for (const kill of list.filter((one) => one.device === device))
        told(
          await killOnce(rig, kill).catch(async (error) => {
            // A run that did not come to its request has shown nothing: once more, and then it is an error.
            console.error(`again, ${error}: ${JSON.stringify(kill)}`);
            await rig.stopVault();
            return killOnce(rig, kill);
          }),
        );
    } finally {
      await rig.stop();
    }
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const gone = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) =>
    child.exitCode !== null || child.signalCode ? resolve() : child.once("exit", () => resolve()),
  );
const message = (child: ChildProcess): Promise<Record<string, string>> =>
  new Promise((resolve, reject) => {
    child.once("message", (it) => resolve(it as Record<string, string>));
    child.once("exit", () => reject(new Error("the core ended before it asked")));
  });

async function killOnce(rig: KillRig, kill: Kill): Promise<Killed> {
  const { device, job, step, whom } = kill;
  const wrong: string[] = [];
  const random = seeded(kill.seed);
  const { plant } = rig.bench;
  rig.renew();
  const before = motionsOf(rig);
  // People here are five times as fast.
  const between = (low: number, high: number) => (low + random() * (high - low)) / 5;
  const person = new Person(
    { plant, sleep, between },
    { device, job },
    () => undefined,
    (code, expected) => {
      if (code !== expected) wrong.push(`card ${code} was handed to the owner of ${expected}`);
    },
  );
  rig.startVault({ at: step, whom });
  const core = rig.startCore();
  await message(core);
  const intake = job === "accept";
  const item = isDispenser(device) ? (intake ? OLD_CARD : CARDS[0]) : ITEM;
  const voucher = rig.papers.voucher(item, intake ? { intake: "exact" } : {});
  const challenged = message(core);
  core.send({ voucher });
  const { challenge = "" } = await challenged;
  const command = `command-${kill.seed}`;
  const request = { command, voucher, challenge, attestation: rig.papers.attest(voucher, challenge) };
  if (kill.disturbed)
    rig.line.arm({ what: { fault: random() < 0.5 ? "noReply" : "badChecksum" }, from: 2, times: 2 });
  core.send(request);
  const dead = whom === "core" ? gone(core) : rig.vaultGone;
  const reached = await Promise.race([dead.then(() => true), sleep(STEP_MS).then(() => false)]);
  core.kill("SIGKILL");
  await gone(core);
  // A disturbed line, or a quick hand, lets some hand-overs end before their step.
  if (!reached && whom !== "core") await rig.stopVault();
  if (whom !== "core") rig.startVault();
  const client = await rig.client();
  const first = await outcomeOf(client, command);
  await sleep(200);
  rig.line.disarm();
  const outcome = await settled(rig, client, command);
  judge(rig, kill, before, [first, outcome], wrong);
  const known = await outcomeOf(client, command);
  const answer = await client.call("collect.release", request);
  // A vault that has no such command does not know this challenge of a former life, or a core that lives on has used it.
  if (known && (!answer.ok || endOf(answer.value.body) !== known))
    wrong.push(
      `the same command was answered ${answer.ok ? endOf(answer.value.body) : answer.error.code} instead of ${known}`,
    );
  if (Object.entries(motionsOf(rig)).some(([what, count]) => count > (before[what] ?? 0))) {
    const again = await client.call("collect.begin", { voucher });
    if (again.ok) wrong.push("a used voucher was taken");
  }
  person.leave();
  await rig.stopVault();
  return { kill, outcome, reached, wrong };
}

const endOf = ({ outcome, modifier }: Handover): string | undefined =>
  outcome && (modifier ? `${outcome} ${modifier}` : outcome);

/** The stored outcome once there is one; undefined when the command was never heard of. */
async function outcomeOf(client: VaultClient, command: string): Promise<string | undefined> {
  for (;;) {
    const answer = await client.call("collect.outcome", { command });
    if (!answer.ok) throw answer.error;
    const { handover } = answer.value.body;
    if (!handover) return undefined;
    if (handover.phase === "done") return endOf(handover);
    await sleep(50);
  }
}

/** What it comes to in the end: what was left at a gate or in a path is taken, or captured. */
async function settled(rig: KillRig, client: VaultClient, command: string): Promise<string | undefined> {
  const end = Date.now() + 12_000;
  for (;;) {
    const outcome = await outcomeOf(client, command);
    const view = rig.bench.plant.cards.views()[0];
    const left = outcome === "presented" || outcome === "notMoved inPath";
    if (!view || !left || Date.now() > end) return outcome;
    await sleep(100);
  }
}

function motionsOf({ bench: { plant } }: KillRig): Record<string, number> {
  return { ...plant.motions(), ...(plant.cards.views()[0]?.motions ?? {}) };
}

function judge(
  rig: KillRig,
  { device, job }: Kill,
  before: Record<string, number>,
  outcomes: (string | undefined)[],
  wrong: string[],
): void {
  const now = motionsOf(rig);
  for (const [what, count] of Object.entries(now)) {
    const turned = count - (before[what] ?? 0);
    if (turned > 1 || (turned > 0 && what === "eject")) wrong.push(`${what} moved ${turned} times`);
  }
  const moved = Object.entries(now).some(([what, count]) => count > (before[what] ?? 0));
  const last = outcomes.at(-1);
  if (last === undefined && moved) wrong.push("it moved and the vault does not know of it");
  const item = expectedCard({ device, job }) ?? ITEM;
  // The newest thing of this label: each run has its own.
  const place = rig.bench.plant
    .ledgerOfItems()
    .findLast(({ code }) => code === item)
    ?.place.replace(`${ROLE}/`, "");
  const facts = { state: { device, job }, place, moved, atGate: false };
  if (last && !isTrue(last, facts)) wrong.push(`it is said to be ${last}, it is at ${place}`);
}
