import { deviceFault } from "../../contract/index.ts";

/** Commands and words of the Sensirion SHT3x-DIS (datasheet of March 2017, §4). Pure. */
export const COMMAND = {
  /** Single shot, high repeatability, no clock stretching (table 8). */
  measure: Uint8Array.of(0x24, 0x00),
  softReset: Uint8Array.of(0x30, 0xa2),
  serial: Uint8Array.of(0x37, 0x80),
  status: Uint8Array.of(0xf3, 0x2d),
  clearStatus: Uint8Array.of(0x30, 0x41),
} as const;
/** Longest time of such a measurement (table 4: 15 ms), and of a reset (1 ms), with room for the clock, ms. */
export const MEASURE_MS = 17;
export const RESET_MS = 2;
/** Status bits (table 17). */
export const HEATER_ON = 1 << 13;
export const WAS_RESET = 1 << 4;

/** CRC-8 of a word: polynomial 0x31, begun with 0xFF, nothing reflected (§4.12). */
export function crc8(bytes: Uint8Array): number {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x31) & 0xff : crc << 1;
  }
  return crc;
}

/** The words of an answer, each of two bytes and its checksum. @throws Fault `device.protocol` when one does not hold */
export function wordsOf(answer: Uint8Array): number[] {
  const words: number[] = [];
  for (let at = 0; at + 2 < answer.length; at += 3) {
    if (crc8(answer.subarray(at, at + 2)) !== answer[at + 2])
      throw deviceFault("protocol", { reason: "crc" });
    words.push(((answer[at] ?? 0) << 8) | (answer[at + 1] ?? 0));
  }
  return words;
}

/** °C of a raw word (§4.13). */
export const celsius = (raw: number): number => -45 + (175 * raw) / 0xffff;
/** % relative humidity of a raw word (§4.13). */
export const percent = (raw: number): number => (100 * raw) / 0xffff;
