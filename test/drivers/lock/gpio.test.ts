import * as assert from "uvu/assert";
import { makePeople, Plant } from "../../../drivers/bench/index.ts";
import { deviceFault, type Lock, type MotionToken, type Session } from "../../../drivers/contract/index.ts";
import { check, isFault, systemClock } from "../../../drivers/kit/index.ts";
import { GpioLockConfiguration } from "../../../drivers/lock/gpio/configuration.ts";
import { type GpioLockSettings, gpioLockDriver } from "../../../drivers/lock/gpio/index.ts";
import type { GpioFactory } from "../../../drivers/ports/index.ts";
import { settledReader } from "../../../drivers/ports/settled.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { CHIP, CONFIG, settings } from "./gpio-support.ts";

const { test, run } = suite("gpio lock");
const signal = new AbortController().signal;

/** Lines of the plant, without a process between. */
function lines(plant: Plant) {
  const log: string[] = [];
  /** By offset, of contacts that flap at every look. */
  const loose = new Map<number, 0 | 1>();
  let open = 0;
  const gpio: GpioFactory = {
    input: async ({ chip, offset }) => {
      open++;
      return {
        read: settledReader(async () => {
          const last = loose.get(offset);
          if (last === undefined) return plant.level(chip, offset);
          const level = last === 0 ? 1 : 0;
          loose.set(offset, level);
          return level;
        }, 1),
        onEdge: () => undefined,
        close: async () => void open--,
      };
    },
    output: async ({ chip, offset }, { initial }) => {
      open++;
      const write = async (level: 0 | 1) => {
        log.push(`${offset}=${level}`);
        plant.drive(chip, offset, level);
      };
      await write(initial);
      return {
        write,
        close: async () => {
          open--;
          await write(initial);
        },
      };
    },
  };
  return { gpio, log, loose, open: () => open };
}

const oneShot = (over: Partial<GpioLockSettings> = {}): GpioLockSettings => {
  const { guardian: _, ...rest } = settings(over);
  return { ...rest, oneShot: true, ...over };
};

async function rig(t: TestContext, over: Partial<GpioLockSettings> = {}) {
  const plant = new Plant({ config: CONFIG, people: makePeople(1), draw: async () => new Uint8Array() });
  const wires = lines(plant);
  const redeemed: string[] = [];
  let refuse = false;
  const driver = gpioLockDriver(oneShot(over), {
    gpio: wires.gpio,
    clock: systemClock,
    redeem: (_, device, compartment) => {
      redeemed.push(`${device}/${compartment} after ${wires.log.length} writes`);
      if (refuse) throw deviceFault("unauthorised");
    },
  });
  const session: Session<Lock> = await driver.open(signal);
  t.after(() => session.close());
  const unlock = (compartment: number) =>
    session.verbs.unlock({ effect: "e", device: "lock.wall", compartment } as unknown as MotionToken);
  const states = async () => {
    const read = await session.verbs.read();
    return read.ok ? read.value.map(({ latch, item }) => `${latch} ${item}`) : read.error.code;
  };
  const rest = () => eventually("at rest", () => plant.level(CHIP, 10) === 0 && plant.level(CHIP, 20) === 0);
  return { plant, ...wires, redeemed, session, unlock, states, rest, refuse: () => (refuse = true) };
}

test("a configuration without a one-shot or the guardian is refused, by its schema and by the driver", async () => {
  const { guardian: _, ...bare } = settings();
  assert.not.ok(check(GpioLockConfiguration, bare, "lock").ok);
  assert.ok(check(GpioLockConfiguration, settings(), "lock").ok);
  assert.ok(check(GpioLockConfiguration, { ...bare, oneShot: true }, "lock").ok);
  assert.not.ok(check(GpioLockConfiguration, { ...bare, oneShot: false }, "lock").ok);
  assert.not.ok(check(GpioLockConfiguration, settings({ pulseMs: 2_001 }), "lock").ok);
  const plant = new Plant({ config: CONFIG, people: makePeople(1), draw: async () => new Uint8Array() });
  const { gpio, log } = lines(plant);
  for (const [wrong, reason] of [
    [bare, "coilWithoutProtection"],
    [oneShot({ pulseMs: 2_001 }), "pulseTooLong"],
    [
      oneShot({ compartments: [{ coil: { chip: CHIP, offset: 1 }, door: { chip: CHIP, offset: 1 } }] }),
      "itemSensors",
    ],
    [
      {
        ...oneShot(),
        compartments: [0, 1].map((n) => ({
          coil: { chip: CHIP, offset: 1 },
          door: { chip: CHIP, offset: 2 + n },
          item: { chip: CHIP, offset: 4 + n },
        })),
      },
      "lineTwice",
    ],
  ] as [GpioLockSettings, string][]) {
    const driver = gpioLockDriver(wrong, { gpio, clock: systemClock, redeem: () => undefined });
    const fault = await driver.open(signal).catch((error) => error);
    assert.ok(isFault(fault, "device.invalidParameter"));
    assert.is(fault.fields.reason, reason);
  }
  assert.equal(log, []);
});

test("one pulse: redeemed before the first write, ended by the driver, the door springs open", async (t) => {
  const { plant, unlock, log, redeemed, states, rest } = await rig(t, { pulseMs: 120 });
  plant.drive(CHIP, 99, 0);
  assert.equal(await states(), ["locked absent", "locked absent"]);
  log.length = 0;
  assert.ok((await unlock(1)).ok);
  assert.equal(redeemed, ["lock.wall/1 after 0 writes"]);
  assert.equal(log, ["20=1"]);
  assert.equal(await states(), ["locked absent", "open absent"]);
  await rest();
  assert.equal(log, ["20=1", "20=0"]);
  assert.equal(plant.motions(), { W1: 0, W2: 1 });
});

test("a refused token drives nothing", async (t) => {
  const { plant, unlock, log, refuse } = await rig(t);
  log.length = 0;
  refuse();
  const thrown = await unlock(0).catch((error) => error);
  assert.ok(isFault(thrown, "device.unauthorised"));
  assert.equal([log, plant.motions().W1], [[], 0]);
});

test("a bolt that sticks: closed and driven is unknown, closed and at rest is locked", async (t) => {
  const { plant, unlock, states, rest } = await rig(t, { pulseMs: 150 });
  plant.setJammed("W1", true);
  assert.ok((await unlock(0)).ok);
  assert.equal(await states(), ["unknown absent", "locked absent"]);
  await rest();
  await eventually("locked", async () => (await states())[0] === "locked absent");
});

test("a second motion waits for the end of the first: one coil at a time", async (t) => {
  const { unlock, log } = await rig(t, { pulseMs: 100 });
  log.length = 0;
  await Promise.all([unlock(0), unlock(1)]);
  assert.equal(log, ["10=1", "10=0", "20=1"]);
});

test("items and doors by their contacts, in their polarity", async (t) => {
  const { plant, unlock, states } = await rig(t, { pulseMs: 20 });
  await unlock(0);
  plant.openDoor("W1");
  plant.putItem("W1", "DOC-1");
  assert.equal(await states(), ["open present", "locked absent"]);
  plant.closeDoor("W1");
  await eventually("closed", async () => (await states())[0] === "locked present");
  plant.unplug("lock.wall");
  assert.equal(await states(), ["open present", "open present"]);
});

test("a contact that is loose from the start is unknown for itself: the others are read, and the board serves", async (t) => {
  const { plant, states, session, loose } = await rig(t);
  plant.openDoor("W2", true);
  plant.putItem("W2", "DOC-1");
  plant.closeDoor("W2");
  loose.set(11, 0).set(22, 0);
  assert.equal(await states(), ["unknown absent", "locked unknown"]);
  assert.equal(await session.recover(), { open: 0 });
  await session.probe();
  loose.clear();
  assert.equal(await states(), ["locked absent", "locked present"]);
});

test("closing in the middle of a pulse ends it, and every line is let go", async (t) => {
  const { plant, unlock, session, open } = await rig(t, { pulseMs: 2_000 });
  await unlock(0);
  assert.is(plant.level(CHIP, 10), 1);
  const began = performance.now();
  await session.close();
  assert.ok(performance.now() - began < 1_000);
  assert.equal([plant.level(CHIP, 10), open()], [0, 0]);
  assert.is((await unlock(0).catch((error) => error)).code, "device.absent");
});

run();
