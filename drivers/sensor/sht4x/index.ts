import type { Static } from "@sinclair/typebox";
import { type Driver, deviceFault, readingOf, type Sensor } from "../../contract/index.ts";
import { Mutex } from "../../kit/index.ts";
import { type DriverTools, i2cSensor } from "../../ports/index.ts";
import type { Sht4xConfiguration } from "./configuration.ts";

/** Commands of the Sensirion SHT4x and the longest times that they take, ms. */
const MEASURE = { command: 0xfd, waitMs: 10 };
const SERIAL = { command: 0x89, waitMs: 1 };
const RESET = { command: 0x94, waitMs: 1 };
const TEMPERATURE = { name: "hw.temperature", unit: "Cel" };
const HUMIDITY = { name: "hw.humidity", unit: "%" };

/** CRC-8 of a word: polynomial 0x31, begun with 0xFF. */
function crc8(...bytes: number[]): number {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1;
  }
  return crc;
}

/** The two words of an answer. @throws Fault `device.protocol` when a checksum does not hold */
function wordsOf(answer: Uint8Array): [number, number] {
  const [a = 0, b = 0, first, c = 0, d = 0, second] = answer;
  if (crc8(a, b) !== first || crc8(c, d) !== second) throw deviceFault("protocol", { reason: "crc" });
  return [(a << 8) | b, (c << 8) | d];
}

/** Temperature and humidity, measured on demand. */
export function create(settings: Static<typeof Sht4xConfiguration>, tools: DriverTools): Driver<Sensor> {
  const { address } = settings;
  const { clock } = tools;
  return i2cSensor("sensor.sht4x", settings, tools, async (bus) => {
    const one = new Mutex();
    const ask = ({ command, waitMs }: typeof MEASURE): Promise<[number, number]> =>
      one.run(async () => {
        await bus.write(address, Uint8Array.of(command));
        await clock.sleep(waitMs);
        return wordsOf(await bus.read(address, 6));
      });
    const serial = (await ask(SERIAL)).map((word) => word.toString(16).padStart(4, "0")).join("");
    return {
      identity: { model: "SHT4x", serial },
      readings: [TEMPERATURE.name, HUMIDITY.name],
      measure: async () => {
        const [t, rh] = await ask(MEASURE);
        const percent = Math.min(100, Math.max(0, -6 + (125 * rh) / 0xffff));
        const at = clock.wall();
        return [
          readingOf(TEMPERATURE, -45 + (175 * t) / 0xffff, { low: -40, high: 125 }, at),
          readingOf(HUMIDITY, percent, { low: 0, high: 100 }, at),
        ];
      },
      probe: async () => void (await ask(SERIAL)),
      recover: async () => {
        await bus.write(address, Uint8Array.of(RESET.command));
        await clock.sleep(RESET.waitMs);
        return {};
      },
    };
  });
}
