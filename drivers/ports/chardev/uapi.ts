/**
 * The GPIO character device's second user interface, as linux/gpio.h has it since Linux 5.10: numbers of the calls and the
 * layout of their arguments. Little-endian, as every machine that a unit runs on. Pure.
 */

/** `_IOC` of asm-generic/ioctl.h: two bits direction, 14 size, 8 type, 8 number. */
const ioc = (direction: number, number: number, size: number): number =>
  ((direction << 30) | (size << 16) | (0xb4 << 8) | number) >>> 0;
const READ = 2;
const READ_WRITE = 3;

const CHIP_INFO_SIZE = 68;
const VALUES_SIZE = 16;
const REQUEST_SIZE = 592;
export const EVENT_SIZE = 48;

export const IOCTL = {
  chipInfo: ioc(READ, 0x01, CHIP_INFO_SIZE),
  getLine: ioc(READ_WRITE, 0x07, REQUEST_SIZE),
  getValues: ioc(READ_WRITE, 0x0e, VALUES_SIZE),
  setValues: ioc(READ_WRITE, 0x0f, VALUES_SIZE),
} as const;

const FLAG = { activeLow: 1 << 1, input: 1 << 2, output: 1 << 3, rising: 1 << 4, falling: 1 << 5 };
const ATTRIBUTE = { outputValues: 2, debounce: 3 };
/** Places in `struct gpio_v2_line_request`: 64 offsets, the consumer, the configuration, the number of lines, the file. */
const AT = { consumer: 256, flags: 288, attributes: 296, firstAttribute: 320, lines: 560, file: 588 };
const RISING = 1;

export const chipInfoBuffer = (): Buffer => Buffer.alloc(CHIP_INFO_SIZE);

const text = (bytes: Buffer): string =>
  bytes.subarray(0, (bytes.indexOf(0) + 1 || 33) - 1).toString("latin1");

export function readChipInfo(info: Buffer): { label: string; lines: number } {
  return { label: text(info.subarray(32, 64)), lines: info.readUInt32LE(64) };
}

export type LineUse =
  | { direction: "input"; activeLow: boolean; debounceMs: number }
  | { direction: "output"; activeLow: boolean; initial: 0 | 1 };

/** Asks for one line. Levels are what the program means: the kernel turns them round for a line that is active low. */
export function lineRequest(offset: number, use: LineUse): Buffer {
  const request = Buffer.alloc(REQUEST_SIZE);
  request.writeUInt32LE(offset, 0);
  request.write("guichet", AT.consumer, "latin1");
  const polarity = use.activeLow ? FLAG.activeLow : 0;
  const flags =
    use.direction === "input" ? FLAG.input | FLAG.rising | FLAG.falling | polarity : FLAG.output | polarity;
  request.writeBigUInt64LE(BigInt(flags), AT.flags);
  request.writeUInt32LE(1, AT.attributes);
  request.writeUInt32LE(
    use.direction === "input" ? ATTRIBUTE.debounce : ATTRIBUTE.outputValues,
    AT.firstAttribute,
  );
  if (use.direction === "input") request.writeUInt32LE(use.debounceMs * 1_000, AT.firstAttribute + 8);
  else request.writeBigUInt64LE(BigInt(use.initial), AT.firstAttribute + 8);
  // Which lines of the request the attribute is for: the first.
  request.writeBigUInt64LE(1n, AT.firstAttribute + 16);
  request.writeUInt32LE(1, AT.lines);
  return request;
}

/** File descriptor that the kernel wrote into a request. */
export const requestedFile = (request: Buffer): number => request.readInt32LE(AT.file);

/** `struct gpio_v2_line_values` of one line: its level and the mask that names it. */
export function lineValues(level: 0 | 1 = 0): Buffer {
  const values = Buffer.alloc(VALUES_SIZE);
  values.writeBigUInt64LE(BigInt(level), 0);
  values.writeBigUInt64LE(1n, 8);
  return values;
}

export const readLevel = (values: Buffer): 0 | 1 => ((values[0] ?? 0) & 1 ? 1 : 0);

/** Levels after each edge in what was read of a line's file. */
export function readEvents(bytes: Buffer): (0 | 1)[] {
  const levels: (0 | 1)[] = [];
  for (let at = 0; at + EVENT_SIZE <= bytes.length; at += EVENT_SIZE)
    levels.push(bytes.readUInt32LE(at + 8) === RISING ? 1 : 0);
  return levels;
}
