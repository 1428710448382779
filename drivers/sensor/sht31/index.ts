import type { Static } from "@sinclair/typebox";
import { type Driver, deviceFault, readingOf, type Sensor } from "../../contract/index.ts";
import { Mutex } from "../../kit/index.ts";
import { type DriverTools, i2cSensor } from "../../ports/index.ts";
import type { Sht31Configuration } from "./configuration.ts";
import { COMMAND, celsius, HEATER_ON, MEASURE_MS, percent, RESET_MS, WAS_RESET, wordsOf } from "./words.ts";

const TEMPERATURE = { name: "hw.temperature", unit: "Cel" };
const HUMIDITY = { name: "hw.humidity", unit: "%" };
/** Operating ranges of the part (tables 1 and 2). */
const RANGE = { temperature: { low: -40, high: 125 }, humidity: { low: 0, high: 100 } };

/** Temperature and humidity, measured on demand; every word has a checksum, so a disturbed line is never a reading. */
export function create(settings: Static<typeof Sht31Configuration>, tools: DriverTools): Driver<Sensor> {
  const { address } = settings;
  const { clock } = tools;
  return i2cSensor("sensor.sht31", settings, tools, async (bus) => {
    const one = new Mutex();
    // One at a time at this part; while it measures, others may use the bus.
    const ask = (command: Uint8Array, bytes: number, waitMs: number): Promise<number[]> =>
      one.run(async () => {
        await bus.write(address, command);
        await clock.sleep(waitMs);
        return wordsOf(await bus.read(address, bytes));
      });
    const serial = await ask(COMMAND.serial, 6, 1);
    const hex = serial.map((word) => word.toString(16).padStart(4, "0")).join("");
    return {
      identity: { model: "SHT3x", serial: hex },
      readings: [TEMPERATURE.name, HUMIDITY.name],
      measure: async () => {
        const [t = 0, rh = 0] = await ask(COMMAND.measure, 6, MEASURE_MS);
        const at = clock.wall();
        return [
          readingOf(TEMPERATURE, celsius(t), RANGE.temperature, at),
          readingOf(HUMIDITY, percent(rh), RANGE.humidity, at),
        ];
      },
      // A heater that somebody left on would warm what is measured; after a reset it is off (§4.10).
      probe: async () => {
        const [status = 0] = await ask(COMMAND.status, 3, 1);
        if (status & HEATER_ON) throw deviceFault("protocol", { reason: "heater" });
      },
      recover: async () => {
        const [before = 0] = await ask(COMMAND.status, 3, 1);
        await bus.write(address, COMMAND.softReset);
        await clock.sleep(RESET_MS);
        await bus.write(address, COMMAND.clearStatus);
        return { wasReset: (before & WAS_RESET) !== 0 };
      },
    };
  });
}
