import * as assert from "uvu/assert";
import { Plant } from "../../../drivers/bench/index.ts";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import type { GuardSensor, Session } from "../../../drivers/contract/index.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { driverTools, type I2cBusObject, i2cPorts, type Ports } from "../../../drivers/ports/index.ts";
import { create } from "../../../drivers/sensor/ina226/index.ts";
import {
  BUS_VOLT,
  CALIBRATION,
  calibrationFor,
  currentOf,
  powerOf,
  valuesOf,
} from "../../../drivers/sensor/ina226/registers.ts";
import { Ina226 } from "../../../drivers/sensor/ina226/simulator.ts";
import { suite } from "../../kit.ts";
import { busOf } from "../../support/i2c.ts";

const { test, run } = suite("ina226");

test("the vectors, computed by the driver", () => {
  // The datasheet's example, and one of 10 mΩ with 0.5 mA a bit.
  assert.is(currentOf(0x1f40, 0x0a00), 0x2710);
  assert.is(powerOf(0x2710, 0x2570), 0x12b8);
  assert.is(calibrationFor(0.0005, 0.01), 0x0400);
  assert.is(currentOf(8_000, 0x0400), 0x0fa0);
  assert.is(powerOf(0x0fa0, 0x2580), 1_920);
  assert.is(0x2580 * BUS_VOLT, 12);
});

test("the vectors, computed by the simulator", () => {
  for (const [volts, shuntVolts, calibration, words] of [
    [11.98, 0.02, 0x0a00, [0x1f40, 0x2570, 0x12b8, 0x2710]],
    [12, 0.02, 0x0400, [0x1f40, 0x2580, 1_920, 0x0fa0]],
  ] as const) {
    let now = 0;
    const part = new Ina226(() => ({ volts, amps: shuntVolts / 0.01 }), { mono: () => now }, 0.01);
    part.write(Uint8Array.of(0x05, calibration >> 8, calibration & 0xff));
    part.write(Uint8Array.of(0x00, 0x41, 0x23));
    now = 100;
    const read = (register: number) => {
      part.write(Uint8Array.of(register));
      const [high = 0, low = 0] = part.read(2);
      return (high << 8) | low;
    };
    assert.equal([0x01, 0x02, 0x03, 0x04].map(read), [...words]);
    assert.equal([0xfe, 0xff].map(read), [0x5449, 0x2260]);
    assert.is(read(0x06) & 8, 8, "ready");
    assert.is(read(0x06) & 8, 0, "looking clears it");
  }
});

test("any one word that was disturbed contradicts the others", () => {
  const good = { shunt: -6_000, bus: 0x2580, current: -6_000, power: powerOf(-6_000, 0x2580) };
  assert.ok(Math.abs(valuesOf(good, 0.01).amps + 1.5) < 1e-9);
  for (const key of ["shunt", "bus", "current", "power"] as const) {
    for (const wrong of [0, -1 & (key === "bus" || key === "power" ? 0xffff : -1)]) {
      try {
        valuesOf({ ...good, [key]: wrong }, 0.01);
        assert.unreachable(`${key} ${wrong}`);
      } catch (error) {
        assert.ok(isFault(error, "device.protocol"), String(error));
      }
    }
  }
});

async function opened(): Promise<{ plant: Plant; session: Session<GuardSensor>; part: Ina226 }> {
  const clock = new VirtualClock();
  const plant = new Plant({
    config: { devices: [], slots: [] },
    people: [],
    draw: async () => new Uint8Array(),
  });
  const part = new Ina226(() => plant.rail(), clock, 0.01);
  const ports = {
    i2c: i2cPorts({ openPromisified: async (): Promise<I2cBusObject> => busOf(0x40, part) }),
  } as Ports;
  const tools = driverTools(ports, clock, () => {
    throw deviceFault("unauthorised");
  });
  const driver = create(
    {
      role: "power.supply",
      driver: "sensor.ina226",
      bus: 1,
      address: 0x40,
      shuntMicroOhm: 10_000,
      mainsAboveV: 13.2,
      lowBelowV: 11.4,
    },
    tools,
  );
  const session = await driver.open(new AbortController().signal);
  await session.recover();
  return { plant, session, part };
}

test("mains, battery, and a battery that ends; the guard tells when that changes", async () => {
  const { plant, session } = await opened();
  const told: string[] = [];
  session.verbs.guard.watch((state) => told.push(state));
  const state = async () => {
    const read = await session.verbs.read();
    assert.ok(read.ok);
    return read.value.find(({ name }) => name === "kiosk.power.state");
  };
  assert.is((await state())?.value, 0);
  plant.surroundings.setPower({ mains: false, batteryVolts: 12.4 });
  assert.is((await state())?.value, 1);
  plant.surroundings.setPower({ batteryVolts: 11 });
  assert.is((await state())?.value, 2);
  const guard = await session.verbs.guard.read();
  assert.ok(guard.ok && guard.value === "active");
  plant.surroundings.setPower({ mains: true });
  await session.probe();
  assert.equal(told, ["active", "inactive"]);
  await session.close();
});

test("a part that has lost its power since does not say 0 A", async () => {
  const { plant, session, part } = await opened();
  plant.surroundings.setPower({ mains: false, loadAmps: 2 });
  part.powerCycle();
  const read = await session.verbs.read();
  assert.ok(read.ok);
  assert.ok(Math.abs((read.value[1]?.value ?? 0) + 2) < 0.001);
  assert.is(CALIBRATION, 0x0800);
});

run();
