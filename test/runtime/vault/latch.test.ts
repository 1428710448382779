import * as assert from "uvu/assert";
import type { AuxiliaryInput } from "../../../drivers/contract/index.ts";
import type { DeviceHost } from "../../../drivers/host/index.ts";
import { defer, ok, type Result } from "../../../drivers/kit/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { declareInterlocks, Interlocks } from "../../../runtime/vault/interlocks.ts";
import { Latches } from "../../../runtime/vault/latches.ts";
import type { Ledger } from "../../../runtime/vault/ledger.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";

/** A cabinet that was opened and closed again was opened: the alarm stays until a named operator has settled it. */
const { test, run } = suite("latched inputs");
const ROLE = "tamper.cabinet";

async function guarded(t: TestContext, latched = true) {
  const rig = await wireRig(t, { slots: 2, interlocks: [ROLE], latched: latched ? [ROLE] : [] });
  const client = await rig.start(startVault);
  const active = async (asked: VaultClient): Promise<string[]> => {
    const status = await asked.call("status", {});
    if (!status.ok) throw status.error;
    return status.value.body.interlocks;
  };
  const journal = async (asked: VaultClient) => {
    const read = await asked.call("journal.read", { after: 0 });
    if (!read.ok) throw read.error;
    return read.value.body.rows.filter(({ event }) => event.startsWith("interlock."));
  };
  /** The loop opens and closes again between two looks. */
  const pulse = async () => {
    const edge = await eventually("the loop is watched", () => rig.edges.get(ROLE));
    edge(1);
    edge(0);
  };
  const settle = (asked: VaultClient, effect: string, slot = ROLE) =>
    asked.call("settle", { settlement: rig.papers.settlement(slot, effect, "notMoved") });
  return { rig, client, active, journal, pulse, settle };
}

test("an edge between two looks stays: it forbids motion, is in the journal once, and is named", async (t) => {
  const { client, active, journal, pulse } = await guarded(t);
  assert.equal(await active(client), []);
  await pulse();
  await eventually("it binds", async () => (await active(client)).includes(ROLE));
  await pulse();
  const rows = await eventually("in the journal", async () => {
    const found = await journal(client);
    return found.length > 0 && found;
  });
  assert.equal(
    rows.map(({ event, slot }) => [event, slot]),
    [["interlock.latched", ROLE]],
  );
});

test("the alarm outlives a restart, and only the settlement that names it ends it", async (t) => {
  const { rig, client, active, journal, pulse, settle } = await guarded(t);
  await pulse();
  await eventually("in the journal", async () => (await journal(client)).length === 1);
  await rig.stop();
  const again = await rig.start(startVault);
  assert.equal(await active(again), [ROLE]);
  const [row] = await journal(again);
  const alarm = row?.effect ?? "";
  assert.is(code(await settle(again, "another-alarm")), "vault.nothingToSettle");
  assert.is(code(await settle(again, alarm, "1")), "vault.nothingToSettle");
  assert.equal(await active(again), [ROLE]);
  rig.inputs.set(ROLE, 1);
  assert.is(code(await settle(again, alarm)), "vault.interlocked", "not while the loop is open");
  rig.inputs.set(ROLE, 0);
  assert.is(code(await settle(again, alarm)), "ok");
  assert.equal(await active(again), []);
  const last = (await journal(again)).at(-1);
  assert.equal([last?.event, last?.effect, last?.operator], ["interlock.cleared", alarm, "officer-1"]);
  await rig.stop();
  const third = await rig.start(startVault);
  assert.equal(await active(third), []);
  assert.is(code(await settle(third, alarm)), "vault.nothingToSettle", "an old settlement ends nothing new");
});

test("a loop that was open before anybody watched is an alarm too; one that cannot be read binds but is none", async (t) => {
  const { rig, active, journal } = await guarded(t);
  rig.inputs.delete(ROLE);
  await rig.stop();
  const blind = await rig.start(startVault);
  assert.equal(await active(blind), [ROLE]);
  assert.equal(await journal(blind), []);
  await rig.stop();
  rig.inputs.set(ROLE, 1);
  const client = await rig.start(startVault);
  await eventually("an alarm", async () => (await journal(client)).length === 1);
  rig.inputs.set(ROLE, 0);
  assert.equal(await active(client), [ROLE]);
});

test("what happens while an alarm is being settled is an alarm of its own, and there is no gap between the two", async () => {
  const written = defer<void>();
  const alarms: [string, string][] = [];
  const ledger = {
    alarms: async () => new Map([[ROLE, "first"]]),
    alarm: async (role: string, alarm: string) => void alarms.push([role, alarm]),
    alarmCleared: () => written.promise,
  } as unknown as Ledger;
  const latches = await Latches.open(ledger, [ROLE]);
  const quiet = await Latches.open(
    Object.assign(Object.create(ledger), { alarmCleared: async () => undefined }) as Ledger,
    [ROLE],
  );
  assert.ok(await quiet.clear(ROLE, "first", "officer-1"));
  assert.equal([quiet.has(ROLE), alarms.length], [false, 0]);
  const cleared = latches.clear(ROLE, "first", "officer-1");
  await latches.note(ROLE);
  assert.is(await latches.clear(ROLE, "first", "officer-1"), false, "settled once");
  const gaps: boolean[] = [];
  void written.promise.then(() => gaps.push(latches.has(ROLE)));
  written.resolve();
  assert.ok(await cleared);
  assert.equal([latches.has(ROLE), gaps], [true, [true]]);
  assert.is(alarms.length, 1);
  const [[role, second = ""] = []] = alarms;
  assert.ok(role === ROLE && second !== "first");
  assert.ok(await latches.clear(ROLE, second, "officer-1"));
  assert.is(latches.has(ROLE), false);
});

test("what an input says by itself while it is asked is newer than the answer", async () => {
  const asked = defer<void>();
  const answer = defer<Result<"inactive">>();
  const host = {
    use: () => {
      asked.resolve();
      return answer.promise;
    },
  } as unknown as DeviceHost<AuxiliaryInput>;
  const latches = await Latches.open({ alarms: async () => new Map() } as unknown as Ledger, []);
  const interlocks = new Interlocks(declareInterlocks([], [ROLE]), latches);
  interlocks.begin(new Map([[ROLE, host]]), () => false);
  const active = interlocks.active();
  await asked.promise;
  interlocks.note(ROLE, "active");
  answer.resolve(ok("inactive"));
  assert.equal(await active, [ROLE]);
});

test("without the latch an input binds only while it is active", async (t) => {
  const { rig, client, active, journal, pulse } = await guarded(t, false);
  await pulse();
  rig.inputs.set(ROLE, 1);
  assert.equal(await active(client), [ROLE]);
  rig.inputs.set(ROLE, 0);
  await eventually("free again", async () => (await active(client)).length === 0);
  assert.equal(await journal(client), []);
});

run();
