import * as assert from "uvu/assert";
import { isFault, systemClock } from "../../../drivers/kit/index.ts";
import { type I2cBusObject, i2cPorts } from "../../../drivers/ports/index.ts";
import { bme280Driver } from "../../../drivers/sensor/bme280/index.ts";
import { compensate, readCalibration } from "../../../drivers/sensor/bme280/registers.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("bme280");
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const CAL_1 = hex("70 6B 43 67 18 FC 7D 8E 43 D6 D0 0B 27 0B 8C 00 F9 FF 8C 3C F8 C6 70 17");
const CAL_2 = hex("6A 01 00 13 29 03 1E");
const DATA = hex("65 5A C0 7E ED 00 75 30");
const near = (value: number | undefined, expected: number, by: number) =>
  assert.ok(value !== undefined && Math.abs(value - expected) <= by, `${value} is not ${expected}`);

test("compensation gives the values of the published vector", () => {
  const climate = compensate(readCalibration(CAL_1, 0x4b, CAL_2), DATA);
  near(climate.temperature, 25.08, 0.005);
  near(climate.pressure, 100_653.25, 1);
  near(climate.humidity, 54.997, 0.01);
});

test("what was not measured is not reported as a value", () => {
  const cal = readCalibration(CAL_1, 0x4b, CAL_2);
  assert.equal(compensate(cal, hex("80 00 00 80 00 00 80 00")), {
    temperature: undefined,
    pressure: undefined,
    humidity: undefined,
  });
  assert.is(compensate(cal, hex("80 00 00 7E ED 00 80 00")).pressure, undefined);
});

/** A bus with one part behind it. */
function bus(registers: Map<number, number>) {
  const log: string[] = [];
  let closed = 0;
  const object: I2cBusObject = {
    readI2cBlock: async (_address, register, length, buffer) => {
      log.push(`r${register.toString(16)}`);
      for (let i = 0; i < length; i++) buffer[i] = registers.get(register + i) ?? 0;
      return { bytesRead: length, buffer };
    },
    writeByte: async (_address, register, value) => {
      log.push(`w${register.toString(16)}`);
      registers.set(register, value);
    },
    i2cRead: async () => {
      throw new Error("not used");
    },
    i2cWrite: async () => undefined,
    close: async () => {
      closed++;
    },
  };
  return { i2c: i2cPorts({ openPromisified: async () => object }), log, closed: () => closed };
}

function part(chip = 0x60): Map<number, number> {
  const registers = new Map<number, number>([
    [0xd0, chip],
    [0xa1, 0x4b],
  ]);
  CAL_1.forEach((byte, i) => {
    registers.set(0x88 + i, byte);
  });
  CAL_2.forEach((byte, i) => {
    registers.set(0xe1 + i, byte);
  });
  DATA.forEach((byte, i) => {
    registers.set(0xf7 + i, byte);
  });
  return registers;
}
const settings = { role: "sensor.cabinet", bus: 1, address: 0x76 as const };
const signal = new AbortController().signal;

test("a measurement holds the bus from the order to the data", async () => {
  const one = bus(part());
  const session = await bme280Driver(settings, { i2c: one.i2c, clock: systemClock }).open(signal);
  one.log.length = 0;
  const [first] = await Promise.all([session.verbs.read(), session.verbs.read()]);
  assert.equal(one.log, ["wf2", "wf4", "rf7", "wf2", "wf4", "rf7"]);
  assert.ok(first?.ok);
  assert.equal(
    first.value.map((reading) => [reading.name, reading.unit, reading.quality]),
    [
      ["hw.temperature", "Cel", "good"],
      ["hw.pressure", "Pa", "good"],
      ["hw.humidity", "%", "good"],
    ],
  );
  await session.close();
  assert.is(one.closed(), 1);
});

test("a BMP280 at the address is misbound and the bus is given back", async () => {
  const other = bus(part(0x58));
  const failed = await bme280Driver(settings, { i2c: other.i2c, clock: systemClock })
    .open(signal)
    .catch((error) => error);
  assert.ok(isFault(failed, "device.misbound"));
  assert.is(other.closed(), 1);
});

run();
