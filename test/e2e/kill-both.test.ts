import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import * as assert from "uvu/assert";
import { newId } from "../../drivers/kit/index.ts";
import { openStore } from "../../drivers/store/index.ts";
import { itemHashOf, signJws } from "../../fleet/contract/index.ts";
import { type Stack, startStack } from "../../runtime/dev/stack.ts";
import { eventually, suite, type TestContext } from "../kit.ts";
import { connectVault, untilServing, type VaultClient } from "../support/vault-client.ts";

/**
 * Core and vault as the processes that they are, both killed at a named step of a hand-over and started again together:
 * one unlock at most, the truth as outcome, the stored answer for the same command, and the centre sees it.
 */
const { test, run } = suite("core and vault killed together", 240_000);

type Act = (stack: Stack, slot: string) => void;

const nothing: Act = () => undefined;
const open: Act = ({ bench }, slot) => bench.plant.openDoor(slot);
const take: Act = ({ bench }, slot) => {
  bench.plant.openDoor(slot);
  bench.plant.takeItem(slot);
  bench.plant.closeDoor(slot);
};
const closeOnIt: Act = ({ bench }, slot) => {
  bench.plant.openDoor(slot);
  bench.plant.closeDoor(slot);
};

/** Step, what the person does before or while both are dead, the outcome after the restart, unlocks in all. */
const CASES: { step: string; during?: Act; dead: Act; outcome: string | undefined; unlocks: number }[] = [
  { step: "before-intent", dead: nothing, outcome: undefined, unlocks: 0 },
  { step: "intent", dead: nothing, outcome: "notMoved", unlocks: 0 },
  { step: "before-issued", dead: nothing, outcome: "notMoved", unlocks: 0 },
  { step: "issued", dead: nothing, outcome: "notMoved", unlocks: 0 },
  { step: "sent", dead: take, outcome: "taken", unlocks: 1 },
  { step: "latch-seen", dead: open, outcome: "presented", unlocks: 1 },
  { step: "opened", dead: closeOnIt, outcome: "presented", unlocks: 1 },
  { step: "before-outcome", during: take, dead: nothing, outcome: "taken", unlocks: 1 },
];

/** The three processes without a supervisor: what dies stays dead until it is started again. */
function processes(t: TestContext, stack: Stack) {
  const running = new Map<string, { child: ChildProcess; gone: Promise<void> }>();
  const start = (name: string, killAt = ""): void => {
    const child = spawn(process.execPath, [resolve("dist/dev", `${name}.cjs`), "--state", stack.state], {
      env: {
        ...process.env,
        GUICHET_LOG: "error",
        GUICHET_BENCH_BUS: stack.bench.busSocket,
        GUICHET_BENCH_CAMERA: stack.bench.cameraPath,
        GUICHET_KILL_AT: killAt,
      },
      stdio: "ignore",
    });
    running.set(name, { child, gone: new Promise((resolve) => child.once("exit", () => resolve())) });
  };
  const kill = async (name: string): Promise<void> => {
    running.get(name)?.child.kill("SIGKILL");
    await running.get(name)?.gone;
  };
  t.after(() => Promise.all([...running.keys()].map(kill)));
  return { start, kill, died: (name: string) => running.get(name)?.gone };
}

/** A client of the vault as the core is one; resolves when the vault has settled and its locks are ready. */
async function connect(t: TestContext, state: string): Promise<VaultClient> {
  const client = await connectVault(state, 60_000);
  t.after(() => client.close());
  return untilServing(client, (device) => device.class === "lock");
}

test("killed at each step: at most one unlock, a true outcome, a stored answer, and the centre has it", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "guichet-kill-both-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const stack = await startStack({
    data,
    portBase: 21_140,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    startUnit: false,
  });
  t.after(() => stack.stop());
  const { start, kill, died } = processes(t, stack);
  start("senses");

  // The ledger is made by the vault itself; then each item is where the ledger says.
  start("vault");
  (await connect(t, stack.state)).close();
  await kill("vault");
  const store = await openStore(join(stack.state, "vault", "ledger.db"), { migrations: [] });
  for (const [i] of CASES.entries()) {
    const slot = String(i + 1);
    await store.tx((s) =>
      s.run(
        "UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = ?",
        itemHashOf(`ITEM-${slot}`),
        slot,
      ),
    );
    stack.bench.plant.openDoor(slot, true);
    stack.bench.plant.putItem(slot, `ITEM-${slot}`);
    stack.bench.plant.closeDoor(slot);
  }
  await store.close();

  const { sign } = stack.centre.context.keys;
  const now = () => Math.floor(Date.now() / 1_000);
  const outcomes: string[] = [];
  for (const [i, { step, during, dead, outcome, unlocks }] of CASES.entries()) {
    const slot = String(i + 1);
    const dated = { v: 1 as const, unit: "kt-01", nbf: now() - 60, exp: now() + 600 };
    const id = `v-${newId()}`;
    const voucher = signJws(
      "guichet.voucher.v1",
      { ...dated, id, item: `ITEM-${slot}`, reference: "KT01-000042-7", seq: 1 },
      sign.voucher,
    );
    start("core");
    start("vault", step);
    const client = await connect(t, stack.state);
    client.on("handover", ({ phase }) => phase === "opened" && during?.(stack, slot));
    const begun = await client.call("collect.begin", { voucher });
    if (!begun.ok) throw begun.error;
    const { challenge } = begun.value.body;
    const release = signJws(
      "guichet.release.v1",
      { v: 1, unit: "kt-01", voucher: id, challenge, operator: "officer-1", exp: now() + 120 },
      sign.release,
    );
    const request = { command: newId(), voucher, challenge, release };
    const refused = client.call("collect.release", request).then((answer) => {
      // The answer of a vault that has died is none; one that goes on and refuses would be waited for without an end.
      if (!answer.ok && client.connected) throw answer.error;
      return died("vault");
    });
    await Promise.race([died("vault"), refused]);
    await kill("core");
    const motions = () => stack.bench.plant.motions()[slot] ?? 0;
    // Written is not yet heard by the board, which the process that has died did not wait for.
    await eventually(`${step}: the unlocks`, () => motions() >= unlocks);
    assert.is(motions(), unlocks, `${step}: unlocks when both were dead`);
    dead(stack, slot);
    start("core");
    start("vault");
    const next = await connect(t, stack.state);
    const answer = await next.call("collect.outcome", { command: request.command });
    if (!answer.ok) throw answer.error;
    assert.is(answer.value.body.handover?.outcome, outcome, step);
    const again = await next.call("collect.release", request);
    if (outcome) {
      assert.ok(again.ok, `${step}: the same command gets its stored answer`);
      assert.equal([again.value.body.phase, again.value.body.outcome], ["done", outcome]);
      outcomes.push(outcome);
    } else assert.not(again.ok, `${step}: a challenge of the former life is worth nothing`);
    assert.is(motions(), unlocks, `${step}: unlocks after the restart`);
    if (unlocks > 0) {
      const used = await next.call("collect.begin", { voucher });
      assert.is(used.ok ? "begun" : used.error.code, "vault.consumed");
    }
    if (i < CASES.length - 1) {
      await kill("core");
      await kill("vault");
    }
  }
  const told = async (): Promise<string[]> =>
    (await stack.centre.journal.list())
      .filter(({ event }) => event === "handover.outcome")
      .map(({ outcome }) => String(outcome));
  await eventually(
    "the centre has every outcome",
    async () => (await told()).length >= outcomes.length,
    60_000,
  );
  assert.equal((await told()).sort(), [...outcomes].sort());
});

run();
