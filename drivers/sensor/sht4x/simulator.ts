import { type ChipSimulator, noAcknowledge } from "../../bench/bus/chip.ts";

/** Milliseconds for which a command keeps the part busy. */
const BUSY_MS: Readonly<Record<number, number>> = { 253: 8.2, 246: 4.5, 224: 1.6, 148: 1 };

/** A word with its checksum, by long division of the three bytes. */
function framed(value: number): number[] {
  const word = Math.min(0xffff, Math.max(0, Math.round(value)));
  let rest = (word ^ 0xff00) << 8;
  for (let bit = 23; bit >= 8; bit -= 1) if (rest & (1 << bit)) rest ^= 0x131 << (bit - 8);
  return [word >> 8, word & 0xff, rest];
}

/** SHT4x of Sensirion: commands of one byte, answers of two words, no acknowledge while it measures. */
export const simulator: ChipSimulator = {
  create: (_wired, world, clock) => {
    let answer: number[] = [];
    let busyUntil = 0;
    return {
      powerCycle: () => {
        answer = [];
        busyUntil = 0;
      },
      write: ([command = 0]) => {
        if (clock.mono() < busyUntil) throw noAcknowledge();
        busyUntil = clock.mono() + (BUSY_MS[command] ?? 0);
        answer = [];
        if (command === 0x89) answer = [...framed(0x1234), ...framed(0xabcd)];
        if (command === 0xfd || command === 0xf6 || command === 0xe0) {
          const { temperatureCel, humidityPercent } = world.climate();
          answer = [
            ...framed(((temperatureCel + 45) / 175) * 0xffff),
            ...framed(((humidityPercent + 6) / 125) * 0xffff),
          ];
        }
      },
      read: (length) => {
        if (clock.mono() < busyUntil || answer.length === 0) throw noAcknowledge();
        return Uint8Array.from({ length }, (_, i) => answer[i] ?? 0xff);
      },
    };
  },
};
