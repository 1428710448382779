import * as assert from "uvu/assert";
import { isFault } from "../../../../drivers/kit/index.ts";
import { suite } from "../../../kit.ts";
import { BOARD, ledgerRig, STACK, WALL } from "../../../support/ledger-rig.ts";
import { heard } from "../../../support/log.ts";

/** What becomes of slots and magazines when a ledger is opened with a configuration. */
const { test, run } = suite("ledger: its opening");

test("opening makes every slot that the configuration names, once, and holds it to its place", async (t) => {
  const rig = await ledgerRig(t, { slots: BOARD.slice(0, 2), magazines: [STACK] });
  const place = (slot: string, compartment: number) => ({
    slot,
    state: "empty",
    device: "kerong/0",
    compartment,
  });
  const inStack = ["M1-01", "M1-02", "M1-03"].map((slot) => ({ slot, state: "empty", magazine: "M1" }));
  const rows = [place("1", 0), place("2", 1), ...inStack];
  assert.equal(await rig.rows("slots"), rows);
  assert.equal(
    (await rig.ledger.slots()).map(({ slot }) => slot),
    rows.map(({ slot }) => slot),
  );
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-1' WHERE slot = '1'");
  });
  await rig.reopen({ slots: BOARD, magazines: [STACK] });
  assert.equal(await rig.rows("slots"), [
    { ...place("1", 0), state: "loaded", item_hash: "hash-1" },
    place("2", 1),
    place("3", 2),
    ...inStack,
  ]);
});

test("a slot or a magazine that was moved with something in it is told by its name, with the boot and the hour", async (t) => {
  const rig = await ledgerRig(t, { slots: BOARD.slice(0, 1), magazines: [STACK] });
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-1' WHERE slot = '1'");
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'hash-2', place = 1 WHERE slot = 'M1-01'");
  });
  const lines = heard(t, "error");
  const told = () => lines.map(({ event, slot }) => [event, slot]);
  const moved = [{ slot: "1", device: "kerong/7", compartment: 0 }];
  await rig.reopen({ slots: moved, magazines: [{ ...STACK, magazine: 1 }] });
  assert.equal(told(), [
    ["vault.moved", "1"],
    ["vault.moved", "M1"],
  ]);
  const { was_state, was_boot, was_until } = (await rig.row("slots", "1")) ?? {};
  assert.equal(
    { was_state, was_boot, was_until },
    { was_state: "loaded", was_boot: "boot-1", was_until: WALL + 600_000 },
  );
  await rig.reopen({ slots: moved, magazines: [{ ...STACK, magazine: 1 }] });
  assert.is(lines.length, 2);
});

test("a ledger that cannot write down a new magazine is not opened", async (t) => {
  const rig = await ledgerRig(t);
  await rig.lay(async (s) => {
    await s.run("CREATE TRIGGER broken BEFORE INSERT ON bins BEGIN SELECT RAISE(ABORT, 'broken'); END");
  });
  const thrown = await rig.reopen({ magazines: [STACK] }).catch((error) => error);
  assert.match(String(thrown), "broken");
});

test("a compartment whose name a magazine has now is in doubt for no longer than a trial takes", async (t) => {
  const rig = await ledgerRig(t, { slots: [{ slot: "M1", device: "kerong/0", compartment: 0 }] });
  await rig.lay(async (s) => {
    await s.run("UPDATE slots SET state = 'loaded', item_hash = 'h' WHERE slot = 'M1'");
  });
  heard(t, "error");
  await rig.reopen({ slots: [], magazines: [STACK] });
  const row = await rig.row("slots", "M1");
  assert.equal([row?.state, row?.was_state, row?.was_until], ["unknown", "loaded", WALL + 600_000]);
});

test("a store that does not write any more says so when it is asked", async (t) => {
  const rig = await ledgerRig(t);
  await rig.ledger.close();
  const thrown = await rig.ledger.probe().catch((error) => error);
  assert.ok(isFault(thrown, "store.dead"), String(thrown));
  await rig.reopen();
});

run();
