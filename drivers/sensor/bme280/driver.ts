import { type Driver, deviceFault, type Reading, readingOf, type Sensor } from "../../contract/index.ts";
import type { Clock } from "../../kit/index.ts";
import { type I2cConnection, type I2cFactory, i2cSensor } from "../../ports/index.ts";
import {
  type Calibration,
  CHIP_ID,
  type Climate,
  compensate,
  FORCED,
  MEASURE_MS,
  REGISTER,
  readCalibration,
} from "./registers.ts";

export interface Bme280Settings {
  role: string;
  bus: number;
  address: 0x76 | 0x77;
}

/** Operating ranges of the part (datasheet table 1); a value outside is reported, marked `outOfRange`. */
const RANGES: Record<keyof Climate, { name: string; unit: string; low: number; high: number }> = {
  temperature: { name: "hw.temperature", unit: "Cel", low: -40, high: 85 },
  pressure: { name: "hw.pressure", unit: "Pa", low: 30_000, high: 110_000 },
  humidity: { name: "hw.humidity", unit: "%", low: 0, high: 100 },
};

/** Temperature, humidity and pressure in the cabinet, measured on demand. */
export function bme280Driver(
  settings: Bme280Settings,
  options: { i2c: I2cFactory; clock: Clock },
): Driver<Sensor> {
  const { address, role } = settings;
  const { clock, i2c } = options;
  return i2cSensor("sensor.bme280", settings, { ports: { i2c } }, async (bus) => {
    const [chip] = await bus.readBlock(address, REGISTER.id, 1);
    if (chip !== CHIP_ID) throw deviceFault("misbound", { role, chip: chip ?? -1 });
    const calibration = await readTwice(bus, address);
    const measure = (): Promise<Climate> =>
      bus.exclusively(async (own) => {
        // The humidity setting takes effect with the write of the control register (§5.4.3).
        await own.writeByte(address, REGISTER.controlHumidity, 1);
        await own.writeByte(address, REGISTER.control, FORCED);
        await clock.sleep(MEASURE_MS);
        return compensate(calibration, await own.readBlock(address, REGISTER.data, 8));
      });
    return {
      identity: { model: "BME280" },
      readings: Object.values(RANGES).map(({ name }) => name),
      measure: async () => readings(await measure(), clock.wall()),
      recover: async () => {
        await measure();
        return {};
      },
      probe: async () => {
        const [id] = await bus.readBlock(address, REGISTER.id, 1);
        if (id !== CHIP_ID) throw deviceFault("protocol", { role });
      },
    };
  });
}

/**
 * The part has no checksum over its calibration, and a wrong one makes every later reading wrong and plausible. So it is
 * read twice; a line that is held or let go reads as all zeros or all ones both times.
 */
async function readTwice(bus: I2cConnection, address: number): Promise<Calibration> {
  const read = async () => [
    await bus.readBlock(address, REGISTER.calibration1, 24),
    await bus.readBlock(address, REGISTER.humidity1, 1),
    await bus.readBlock(address, REGISTER.calibration2, 7),
  ];
  const [first, second] = [await read(), await read()];
  const same = Buffer.concat(first).equals(Buffer.concat(second));
  const dead = [first[0], first[2]].some((block) => !block || new Set(block).size === 1);
  const [a, h, b] = first;
  if (!same || dead || !a || !h || !b) throw deviceFault("protocol", { reason: "calibration" });
  return readCalibration(a, h[0] ?? 0, b);
}

function readings(climate: Climate, at: number): Reading[] {
  return (Object.keys(RANGES) as (keyof Climate)[]).map((key) => {
    const { name, unit, ...range } = RANGES[key];
    return readingOf({ name, unit }, climate[key], range, at);
  });
}
