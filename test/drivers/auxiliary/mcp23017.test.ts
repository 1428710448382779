import * as assert from "uvu/assert";
import { create } from "../../../drivers/auxiliary/mcp23017/index.ts";
import { Mcp23017, simulator } from "../../../drivers/auxiliary/mcp23017/simulator.ts";
import { Plant } from "../../../drivers/bench/index.ts";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { driverTools, i2cPorts, type Ports } from "../../../drivers/ports/index.ts";
import { suite } from "../../kit.ts";
import { busOf } from "../../support/i2c.ts";

const { test, run } = suite("mcp23017");
const NAME = "auxiliary.mcp23017" as const;
const at = { driver: NAME, bus: 1, address: 0x24, activeLow: false, debounceMs: 30 };
const DOOR = { ...at, role: "door.cabinet", pin: 0 };
const KEY = { ...at, role: "switch.service", pin: 8, activeLow: true };
const BEAM = { ...at, role: "beam.exit", pin: 15 };
const signal = new AbortController().signal;

function rig() {
  const clock = new VirtualClock();
  const plant = new Plant({
    config: { devices: [DOOR, KEY, BEAM], slots: [] },
    people: [],
    draw: async () => new Uint8Array(),
  });
  const part = simulator.create([DOOR, KEY, BEAM], plant, clock);
  const log = { opened: 0, closed: 0, dead: false };
  const openPromisified = async () => {
    log.opened++;
    const bus = busOf(0x24, part);
    const gone = () => {
      if (log.dead) throw Object.assign(new Error("nobody"), { code: "EREMOTEIO" });
    };
    return {
      ...bus,
      readI2cBlock: async (...args: Parameters<typeof bus.readI2cBlock>) => {
        gone();
        return bus.readI2cBlock(...args);
      },
      close: async () => {
        log.closed++;
      },
    };
  };
  const tools = driverTools({ i2c: i2cPorts({ openPromisified }) } as Ports, clock, () => {
    throw deviceFault("unauthorised");
  });
  return { clock, plant, part, log, drivers: [DOOR, KEY, BEAM].map((entry) => create(entry, tools)) };
}

test("registers as the datasheet has them: power-on values, pairs, banks, latch, pull-ups", () => {
  const part = new Mcp23017((pin) => (pin === 0 ? 0 : pin === 1 ? 1 : undefined));
  const read = (register: number, length = 1) => {
    part.write(Uint8Array.of(register));
    return [...part.read(length)];
  };
  assert.equal(read(0, 3), [0xff, 0xff, 0]);
  assert.equal(read(0x12), [0], "nothing is pulled up");
  part.write(Uint8Array.of(0x0c, 0xff, 0xff));
  assert.equal(read(0x12, 2), [0xfe, 0xff]);
  part.write(Uint8Array.of(0x02, 0x03));
  assert.equal(read(0x12), [0xfd], "IPOL inverts");
  part.write(Uint8Array.of(0x00, 0x0f));
  part.write(Uint8Array.of(0x12, 0xa0));
  assert.equal(read(0x14), [0xa0], "a write to the port writes its latch");
  assert.equal(read(0x12), [0xad]);
  part.write(Uint8Array.of(0x0a, 0x80));
  assert.equal(read(0x10), [0xff], "port B's direction stands at 0x10 now");
  part.write(Uint8Array.of(0x05, 0x00));
  assert.equal(read(0x0c), [0xff], "and back");
});

test("three devices share one part: one bus, each its own pin and polarity", async () => {
  const { plant, log, drivers } = rig();
  const sessions = await Promise.all(drivers.map((driver) => driver.open(signal)));
  const states = async () =>
    Promise.all(
      sessions.map(({ verbs }) => verbs.read().then((read) => (read.ok ? read.value : read.error.code))),
    );
  assert.equal(await states(), ["inactive", "inactive", "inactive"]);
  plant.setInput("switch.service", true);
  assert.equal(await states(), ["inactive", "active", "inactive"]);
  plant.setInput("beam.exit", true);
  plant.unplug("door.cabinet");
  assert.equal(await states(), ["active", "active", "active"], "a cut wire reads as the pull-up");
  assert.is(log.opened, 1);
  await sessions[0]?.close();
  await sessions[1]?.close();
  assert.is(log.closed, 0);
  await sessions[2]?.close();
  assert.is(log.closed, 1);
});

test("edges come without being asked for, debounced", async () => {
  const { clock, plant, drivers } = rig();
  const session = await drivers[2]?.open(signal);
  assert.ok(session);
  await session.recover();
  const told: string[] = [];
  session.verbs.watch((state) => told.push(state));
  plant.setInput("beam.exit", true);
  await clock.sleep(20);
  plant.setInput("beam.exit", false);
  await clock.sleep(200);
  assert.equal(told, [], "shorter than the debounce time");
  plant.setInput("beam.exit", true);
  await clock.sleep(100);
  assert.equal(told, ["active"]);
  await session.close();
});

test("a part that has lost its power since is set up again before its pins are believed", async () => {
  const { clock, plant, part, drivers } = rig();
  const session = await drivers[0]?.open(signal);
  assert.ok(session);
  await session.recover();
  plant.setInput("door.cabinet", true);
  const told: string[] = [];
  session.verbs.watch((state) => told.push(state));
  part.powerCycle();
  const read = await session.verbs.read();
  assert.ok(read.ok && read.value === "active", "without its pull-ups an open door would read closed");
  for (let i = 0; i < 5; i++) {
    part.powerCycle();
    await clock.sleep(60);
  }
  assert.equal(told, ["active"]);
  await session.close();
});

test("a part in the other arrangement of registers is put right", async () => {
  const { part, drivers } = rig();
  part.write(Uint8Array.of(0x0a, 0xa0));
  const session = await drivers[0]?.open(signal);
  const read = await session?.verbs.read();
  assert.ok(read?.ok && read.value === "inactive");
  await session?.close();
});

test("one bad transfer is passed over; a part that stays away is lost for all its devices, and opened anew", async () => {
  const { clock, log, drivers } = rig();
  const [door, key] = await Promise.all(drivers.slice(0, 2).map((driver) => driver.open(signal)));
  assert.ok(door && key);
  let lost = 0;
  for (const { lost: gone } of [door, key])
    void gone.then((fault) => {
      if (isFault(fault, "device.noReply")) lost++;
    });
  log.dead = true;
  await clock.sleep(30);
  log.dead = false;
  await clock.sleep(200);
  assert.is(lost, 0);
  log.dead = true;
  await clock.sleep(200);
  assert.is(lost, 2);
  log.dead = false;
  await door.close();
  await key.close();
  const again = await drivers[0]?.open(signal);
  const read = await again?.verbs.read();
  assert.ok(read?.ok);
  await again?.close();
});

run();
