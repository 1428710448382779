import * as assert from "uvu/assert";
import type { Slot } from "../../../../runtime/ipc/index.ts";
import { suite } from "../../../kit.ts";
import { fault, reply, Unit } from "./fakes.ts";

const { test, run } = suite("visit: documents taken out");

/** A unit at whose screen staff choose what to empty, with these slots in it. */
async function atTheList(
  states: Record<string, Slot["state"]>,
  items: Record<string, Slot["item"]> = {},
): Promise<{ unit: Unit; slots: Slot[] }> {
  const unit = await Unit.open(["collection", "retrieval"]);
  const slots: Slot[] = Object.entries(states).map(([slot, state]) => ({
    slot,
    state,
    latch: "locked",
    item: items[slot] ?? "unknown",
  }));
  unit.fake.handlers["code.scan"] = () => reply({ text: "credential-one" });
  unit.fake.handlers.status = () => reply({ devices: [], slots, interlocks: [], ready: true });
  unit.fake.handlers["exchange.end"] = () => reply({ loaded: 0, unloaded: 1 });
  await unit.begin("retrieval");
  await unit.walk((view) => view.kind === "choose" && view.title === "Take documents out");
  return { unit, slots };
}

const options = (unit: Unit): string[] =>
  unit.view.kind === "choose" ? unit.view.options.map(({ id }) => id) : [];
const says = (unit: Unit): string | undefined => (unit.view.kind === "choose" ? unit.view.body : undefined);

/** The vault opens the slot, and this is what comes of it. */
function ends(unit: Unit, slot: string, phase: string, then: () => void = () => undefined): void {
  unit.fake.handlers["exchange.unload"] = () => {
    setImmediate(() => {
      unit.fake.emit("vault", "exchange", { exchange: "x-1", slot, effect: "u-1", phase: "opened" });
    });
    setImmediate(() => {
      then();
      unit.fake.emit("vault", "exchange", { exchange: "x-1", slot, effect: "u-1", phase });
    });
    return reply({ slot, effect: "u-1" });
  };
}

test("only slots that hold something are offered, those to be looked at first", async () => {
  const { unit } = await atTheList({ A1: "loaded", A2: "empty", A3: "unknown", A4: "presented" });
  assert.equal(options(unit), ["slot.A3", "slot.A4", "slot.A1", "finish"]);
});

test("a slot that is called empty and in which something lies is offered too, to be looked at", async () => {
  const { unit } = await atTheList({ A1: "loaded", A2: "empty", A3: "empty" }, { A3: "present" });
  assert.equal(options(unit), ["slot.A3", "slot.A1", "finish"]);
  assert.match(JSON.stringify(unit.view), "Should be empty: look what lies in it");
});

test("a slot is opened, emptied and gone from the list; the exchange is ended", async () => {
  const { unit, slots } = await atTheList({ A1: "loaded" });
  ends(unit, "A1", "empty", () => Object.assign(slots[0] as Slot, { state: "empty" }));
  await unit.send({ type: "choose", id: "slot.A1" });
  await unit.walk((view) => view.kind === "choose" && view.body === "Slot A1 is empty now.");
  const doors = unit.models.flatMap(({ view }) =>
    view.kind === "door" && view.slot === "A1" ? [view.body] : [],
  );
  assert.equal(
    [...new Set(doors)],
    ["Slot A1 is opening…", "Slot A1 is open. Take out what lies in it and close the door."],
  );
  assert.equal(options(unit), ["finish"]);
  await unit.send({ type: "choose", id: "finish" });
  assert.match(JSON.stringify(unit.view), "One slot was emptied.");
  assert.is(await unit.finish(), "completed");
  assert.is(unit.fake.count("exchange.end"), 1);
});

test("of more slots than fit on a page every one can be reached", async () => {
  const names = Array.from({ length: 14 }, (_, n) => `B${n}`);
  const { unit } = await atTheList(Object.fromEntries(names.map((name) => [name, "loaded"])));
  const seen = new Set<string>();
  for (let page = 0; page < 3; page++) {
    for (const id of options(unit)) seen.add(id);
    await unit.send({ type: "choose", id: "more" });
  }
  for (const name of names) assert.ok(seen.has(`slot.${name}`), name);
  assert.is(options(unit)[0], "slot.B0", "after the last page comes the first");
});

test("what did not come out, and what the vault refuses, is said and nothing else is opened", async () => {
  const { unit } = await atTheList({ A1: "loaded" });
  for (const [phase, words] of [
    ["stored", "was not opened"],
    ["presented", "Empty it again"],
    ["unknown", "locked out"],
  ] as const) {
    ends(unit, "A1", phase);
    await unit.send({ type: "choose", id: "slot.A1" });
    await unit.walk((view) => view.kind === "choose" && view.body?.includes(words) === true);
  }
  for (const [code, words] of [
    ["vault.interlocked", "A door is open"],
    ["vault.creditUsed", "no more slots"],
    ["vault.staffAbsent", "service switch is off"],
    ["vault.notLoaded", "is empty now"],
  ] as const) {
    unit.fake.handlers["exchange.unload"] = () => fault(code);
    await unit.send({ type: "choose", id: "slot.A1" });
    await unit.walk((view) => view.kind === "choose" && view.body?.includes(words) === true);
  }
  unit.fake.handlers["exchange.unload"] = () => fault("vault.noExchange");
  await unit.send({ type: "choose", id: "slot.A1" });
  assert.match(JSON.stringify(unit.view), "The exchange has ended");
});

test("while a slot is open nothing that is touched ends the exchange", async () => {
  const { unit } = await atTheList({ A1: "loaded" });
  unit.fake.handlers["exchange.unload"] = () => reply({ slot: "A1", effect: "u-1" });
  await unit.send({ type: "choose", id: "slot.A1" });
  assert.is(unit.view.kind, "door");
  assert.is(unit.now.chrome.can.stop, false);
  await unit.send({ type: "stop" });
  await unit.send({ type: "action", id: "stop.yes" });
  assert.is(unit.view.kind, "door");
  assert.is(unit.fake.count("exchange.end"), 0);
  unit.fake.emit("vault", "exchange", { exchange: "x-1", slot: "A1", effect: "u-1", phase: "empty" });
  await unit.walk((view) => view.kind === "choose");
  assert.ok(unit.now.chrome.can.stop);
});

test("staff who walk away leave no exchange open", async () => {
  const { unit } = await atTheList({ A1: "loaded" });
  assert.is(says(unit), "Which slot do you want to empty?");
  await unit.clock.advance(330_000);
  assert.is(unit.outcome, "expired");
  assert.is(unit.fake.count("exchange.end"), 1);
});

run();
