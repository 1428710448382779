import * as assert from "uvu/assert";
import { CHAIN_BEGIN } from "../../../../drivers/store/index.ts";
import { vaultFault } from "../../../../runtime/vault/faults.ts";
import {
  type EffectRow,
  type Intent,
  intentOf,
  type Ledger,
  type SlotRow,
} from "../../../../runtime/vault/ledger.ts";
import { suite } from "../../../kit.ts";
import {
  AT,
  BOOT,
  CREDENTIALS,
  LOAD,
  LOCKED,
  ledgerRig,
  PATH,
  RELEASE,
  STACK,
} from "../../../support/ledger-rig.ts";

/** What is found again, and what is there of an operation that failed. */
const { test, run } = suite("ledger: reading");

test("the journal is read in order behind a row, a hundred at a time, and its chain is followed", async (t) => {
  const rig = await ledgerRig(t);
  await rig.writes([{ event: "request.refused", detail: "release vault.consumed" }], () =>
    rig.ledger.refused("release", "vault.consumed"),
  );
  for (let n = 0; n < 101; n++) await rig.ledger.refused("more", String(n));
  const first = await rig.ledger.readJournal(0);
  assert.is(first.length, 100);
  assert.equal(Object.keys(first[0] ?? {}).sort(), ["at", "detail", "event", "hash", "prevHash", "seq"]);
  const rest = await rig.ledger.readJournal(100);
  assert.equal(
    rest.map(({ seq, detail }) => [seq, detail]),
    [
      [101, "more 99"],
      [102, "more 100"],
    ],
  );
  assert.is(rest[0]?.prevHash, first[99]?.hash);
  const end = await rig.ledger.followChain(CHAIN_BEGIN, 200);
  assert.equal(end, { seq: 102, hash: rest[1]?.hash });
  await rig.lay(async (s) => {
    await s.run("UPDATE journal SET at = at + 1 WHERE seq = 50");
  });
  assert.is(await rig.ledger.followChain(CHAIN_BEGIN, 200), 50);
});

test("a voucher is consumed, or superseded by one of the same item that is no older", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.intent(RELEASE);
  await rig.ledger.issue(RELEASE, LOCKED, AT);
  const { ledger } = rig;
  assert.is(await ledger.used("voucher-1", "hash-1", 4), "consumed");
  assert.is(await ledger.used("voucher-2", "hash-1", 3), "superseded");
  assert.is(await ledger.used("voucher-2", "hash-1", 4), "superseded");
  assert.is(await ledger.used("voucher-2", "hash-1", 5), undefined);
  assert.is(await ledger.used("voucher-2", "hash-2", 1), undefined);
});

test("rows are found by what names them", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const { ledger } = rig;
  await rig.lay(async (s) => {
    for (const [slot, place, state] of [
      ["M1-01", 3, "loaded"],
      ["M1-02", 2, "loaded"],
      ["M1-03", 1, "unknown"],
    ] as const)
      await s.run(
        "UPDATE slots SET state = ?, item_hash = ?, place = ? WHERE slot = ?",
        state,
        slot,
        place,
        slot,
      );
  });
  assert.is((await ledger.firstIn("M1"))?.slot, "M1-02");
  assert.is(await ledger.firstIn("M2"), undefined);
  assert.is((await ledger.slotOfItem("M1-03"))?.slot, "M1-03");
  assert.is(await ledger.slotOfItem("nothing"), undefined);
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET place = NULL WHERE magazine = 'M1'");
  });
  assert.is(await ledger.firstIn("M1"), undefined);
  rig.clock.now += 10;
  await ledger.intent(RELEASE);
  rig.clock.now -= 5;
  await ledger.intent(LOAD);
  assert.equal(
    (await ledger.openEffects()).map(({ effect }) => effect),
    ["e2", "e1"],
  );
  await ledger.finish(LOAD, "stored");
  assert.equal(
    (await ledger.openEffects()).map(({ effect }) => effect),
    ["e1"],
  );
  assert.is((await ledger.byCommand("command-1"))?.effect, "e1");
  assert.is(await ledger.byCommand("command-2"), undefined);
  assert.is((await ledger.effect("e2"))?.outcome, "stored");
  assert.is(await ledger.effect("e3"), undefined);
  const { magazines, bins } = await ledger.stock();
  assert.equal([magazines.map(({ magazine }) => magazine), bins.length], [["M1"], 1]);
  await ledger.probe();
});

test("the intent of a row is what was meant", async (t) => {
  const rig = await ledgerRig(t, { magazines: [STACK] });
  const clear: Intent = { effect: "e9", kind: "clear", slot: "M1", clears: "e1", anyCard: true };
  const { command, ...release } = RELEASE;
  for (const [intent, meant] of [
    [RELEASE, release],
    [LOAD, LOAD],
    [clear, clear],
  ] as const) {
    await rig.ledger.intent(intent);
    assert.equal(intentOf((await rig.ledger.effect(intent.effect)) as EffectRow), meant);
  }
  assert.is(BOOT.id, (await rig.row("effects", "e9"))?.boot);
});

test("a statement that fails takes its whole operation back", async (t) => {
  const row = { ...RELEASE, latch_seen: 0 } as unknown as EffectRow;
  for (const [where, prepare, job] of [
    ["UPDATE ON effects", true, (l: Ledger) => l.latchSeen(RELEASE)],
    ["UPDATE ON effects", true, (l: Ledger) => l.staffCame(row)],
    ["UPDATE ON slots", true, (l: Ledger) => l.lockOut("1", "e1", "why")],
    ["UPDATE ON exchanges", true, (l: Ledger) => l.closeExchange("x1", "anna")],
    ["UPDATE OF was_state ON slots", false, (l: Ledger) => l.intent(RELEASE)],
    ["INSERT ON motions", true, (l: Ledger) => l.issue(RELEASE, PATH, { ...AT, motion: "feed" })],
    [
      "INSERT ON credentials",
      true,
      (l: Ledger) => l.openExchange("x2", [{ id: "c9", operator: "a", unlocks: 1 }]),
    ],
    ["INSERT ON alarms", true, (l: Ledger) => l.alarm("tamper", "a1")],
    ["DELETE ON alarms", true, (l: Ledger) => l.alarmCleared("tilt", "a0", "anna")],
    [
      "UPDATE OF was_state ON slots",
      false,
      async (l: Ledger) => l.settle((await l.slots())[0] as SlotRow, "removed", "anna"),
    ],
  ] as const) {
    const rig = await ledgerRig(t);
    if (prepare) await rig.ledger.intent(RELEASE);
    await rig.ledger.openExchange("x1", CREDENTIALS);
    await rig.ledger.alarm("tilt", "a0");
    await rig.lay(async (s) => {
      await s.run(
        "UPDATE slots SET to_device = 'kerong/9', to_compartment = 1, was_state = 'loaded' WHERE slot = '1'",
      );
      await s.run(`CREATE TRIGGER broken BEFORE ${where} BEGIN SELECT RAISE(ABORT, 'broken'); END`);
    });
    const tables = () => Promise.all(["journal", "effects", "slots", "exchanges"].map(rig.rows));
    const before = await tables();
    const thrown = await Promise.resolve(job(rig.ledger)).then(
      () => undefined,
      (error) => error,
    );
    assert.match(String(thrown), "broken", where);
    assert.equal(await tables(), before, where);
  }
});

test("a write whose job fails has happened not at all, and is told to nobody", async (t) => {
  const rig = await ledgerRig(t);
  let told = 0;
  rig.ledger.onJournal = () => told++;
  const fault = vaultFault("noSlot");
  await rig.refuses("vault.noSlot", () =>
    rig.ledger.write("any.thing", {}, async (s) => {
      await s.run("UPDATE slots SET state = 'loaded' WHERE slot = '1'");
      throw fault;
    }),
  );
  assert.is(told, 0);
  await rig.writes([{ event: "any.thing", detail: "why" }], () =>
    rig.ledger.write("any.thing", { detail: "why" }, async () => undefined),
  );
});

run();
