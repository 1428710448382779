import * as assert from "uvu/assert";
import { Impossible } from "../../../drivers/bench/plant/index.ts";
import { suite } from "../../kit.ts";
import { CHIP, testPlant } from "./support.ts";

const { test, run } = suite("plant");

const impossible = (reason: string) => (error: Error) =>
  error instanceof Impossible && error.reason === reason;

test("a door opens only by the coil or by force, and every pulse is counted", () => {
  const plant = testPlant();
  assert.throws(() => plant.openDoor("A1"), impossible("locked"));
  plant.energise("lock.left", 0, 500);
  assert.is(plant.latch("lock.left", 0), "open");
  plant.energise("lock.left", 0, 500);
  assert.is(plant.motions().A1, 2, "a second pulse on an open latch counts too");
  plant.openDoor("A1");
  plant.closeDoor("A1");
  assert.is(plant.latch("lock.left", 0), "locked");
  plant.openDoor("A1", true);
  assert.is(plant.motions().A1, 2, "a crowbar is no motion");
  assert.is(plant.state().compartments[0]?.forced, 1);
  assert.equal(plant.motions(), { A1: 2, A2: 0, B1: 0 });
});

test("a sticking bolt counts the pulse and stays locked", () => {
  const plant = testPlant();
  plant.setJammed("A2", true);
  plant.energise("lock.left", 1, 500);
  assert.is(plant.latch("lock.left", 1), "locked");
  assert.is(plant.motions().A2, 1);
});

test("items go in and out through an open door only, and are followed by thing, not by label", () => {
  const plant = testPlant();
  assert.throws(() => plant.putItem("A1", "DOC-1"), impossible("doorClosed"));
  plant.energise("lock.left", 0, 500);
  plant.energise("lock.left", 1, 500);
  const first = plant.putItem("A1", "DOC-1");
  assert.throws(() => plant.putItem("A1", "DOC-2"), impossible("occupied"));
  const twin = plant.putItem("A2", "DOC-1");
  assert.is.not(first.id, twin.id, "the same label twice is two things");
  assert.is(plant.itemSensed("lock.left", 0), true);
  plant.takeItem("A1");
  assert.is(plant.itemSensed("lock.left", 0), false);
  assert.throws(() => plant.takeItem("A1"), impossible("empty"));
  plant.putItem("A1", "DOC-1");
  assert.equal(
    plant.ledgerOfItems().map(({ id, place, moves }) => [id, place, moves.map(({ to }) => to)]),
    [
      [first.id, "A1", ["A1", "out", "A1"]],
      [twin.id, "A2", ["A2"]],
    ],
  );
});

test("item sensors lie on request, and see nothing where none is wired", () => {
  const plant = testPlant();
  plant.setItemSensor("A1", "stuckPresent");
  assert.is(plant.itemSensed("lock.left", 0), true);
  plant.energise("lock.right", 3, 300);
  plant.putItem("B1", "DOC-9");
  assert.is(plant.itemSensed("lock.right", 3), false);
  plant.energise("lock.left", 1, 500);
  plant.putItem("A2", "DOC-2");
  plant.setItemSensor("A2", "stuckAbsent");
  assert.is(plant.itemSensed("lock.left", 1), false);
});

test("contacts follow their polarity, and a cut wire reads the pull-up", () => {
  const plant = testPlant();
  assert.is(plant.level(CHIP, 17), 0);
  assert.is(plant.level(CHIP, 27), 1);
  plant.setInput("door.service", true);
  plant.setInput("switch.service", true);
  assert.is(plant.level(CHIP, 17), 1);
  assert.is(plant.level(CHIP, 27), 0);
  plant.unplug("switch.service");
  assert.is(plant.level(CHIP, 27), 1);
  plant.replug("switch.service");
  assert.is(plant.level(CHIP, 27), 0);
  assert.throws(() => plant.drive(CHIP, 17, 1), /input/);
});

test("lamps follow what is driven", () => {
  const plant = testPlant();
  assert.is(plant.state().lamps["light.a1"], false);
  plant.drive(CHIP, 22, 0);
  assert.is(plant.state().lamps["light.a1"], true);
});

test("fingers carry the person's seed; nobody has eleven", () => {
  const plant = testPlant();
  plant.placeFinger("finger.front", "ada", 6, "dry");
  assert.equal(plant.finger("finger.front")?.seed, plant.people[0]?.fingers.get(6));
  assert.throws(() => plant.placeFinger("finger.front", "ada", 11), impossible("noSuchFinger"));
  plant.liftFinger("finger.front");
  assert.is(plant.finger("finger.front"), null);
});

test("frames count up, except of a frozen camera", async () => {
  const plant = testPlant();
  plant.show("camera.portrait", { kind: "person", person: "ben" });
  const frame = async () => Buffer.from(await plant.picture("camera.portrait", 4, 5)).toString();
  assert.is.not(await frame(), await frame());
  plant.setCameraFault("camera.portrait", "frozen");
  assert.is(await frame(), await frame());
});

test("everything that changes is told, with a growing sequence and without numbers or names of people", () => {
  const plant = testPlant();
  const told: string[] = [];
  plant.onChange((about) => told.push(about));
  plant.placeFinger("finger.front", "ada", 1);
  plant.energise("lock.left", 0, 500);
  plant.setInput("door.service", true);
  plant.unplug("lock.left");
  plant.setClimate({ temperatureCel: 41 });
  assert.equal(told, ["finger.front", "A1", "door.service", "lock.left", "climate"]);
  const text = JSON.stringify(plant.events());
  for (const { number, nameEn } of plant.people)
    assert.not.ok(text.includes(number) || text.includes(nameEn));
  assert.equal(
    plant.events(3).map(({ seq }) => seq),
    [4, 5],
  );
});

test("a restart finds things where they were, and nobody at the sensors", () => {
  const plant = testPlant();
  plant.energise("lock.left", 0, 500);
  plant.putItem("A1", "DOC-1");
  plant.setInput("door.service", true);
  plant.placeFinger("finger.front", "ada", 1);
  const next = testPlant();
  next.restore(JSON.parse(JSON.stringify(plant.snapshot())));
  assert.equal(next.state().compartments, plant.state().compartments);
  assert.equal(next.ledgerOfItems(), plant.ledgerOfItems());
  assert.is(next.motions().A1, 1);
  assert.is(next.level(CHIP, 17), 1);
  assert.is(next.finger("finger.front"), null);
});

run();
