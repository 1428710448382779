export type ProfileName = "m001" | "r02";

/**
 * `repeatable`: a query or a setting, which may be sent again. `once`: moves nothing by itself, is never sent again.
 * `motion`: needs a token and is never sent again.
 */
export type CommandKind = "repeatable" | "once" | "motion";

export interface Command {
  cm: number;
  pm: number;
  data?: Uint8Array;
}

export interface Profile {
  name: ProfileName;
  feed: Command;
  present: Command;
  retract: Command;
  accept: Command;
  endAccept: Command;
  /** Where the device says that its bin is full: in its status characters, or in a byte of its sensors. */
  binFull: "st2" | { sensor: number };
  /** Takes an item back by its own timer when nobody takes it. */
  retractsByItself: boolean;
}

export const INIT: Command = { cm: 0x30, pm: 0x33 };
export const STATUS: Command = { cm: 0x31, pm: 0x30 };
export const SENSORS: Command = { cm: 0x31, pm: 0x31 };
export const RF_ON: Command = { cm: 0x60, pm: 0x30, data: Uint8Array.of(0x41, 0x42) };
export const RF_OFF: Command = { cm: 0x60, pm: 0x31 };
export const SERIAL_NUMBER: Command = { cm: 0xa2, pm: 0x30 };
export const VERSION: Command = { cm: 0xa4, pm: 0x30 };
export const READ_BIN: Command = { cm: 0xa5, pm: 0x30 };
export const ZERO_BIN: Command = { cm: 0xa5, pm: 0x31, data: Uint8Array.of(0x30, 0x30, 0x30) };

/**
 * The same opcode means different things on different models: MOVE 39 throws an item out of an M001 and captures it on an
 * R02, ENTRY 30 opens the entry of an M001 and closes that of an R02. So the model is checked before anything moves.
 */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  // CRT-591-M001 v1.0
  m001: {
    name: "m001",
    feed: { cm: 0x32, pm: 0x32 },
    present: { cm: 0x32, pm: 0x30 },
    retract: { cm: 0x32, pm: 0x33 },
    accept: { cm: 0x33, pm: 0x30 },
    endAccept: { cm: 0x33, pm: 0x31 },
    binFull: "st2",
    retractsByItself: false,
  },
  // (R02)HB-HDN as captured: MOVE 33 captures nothing, the status character of the bin is not reliable.
  r02: {
    name: "r02",
    feed: { cm: 0x32, pm: 0x34 },
    present: { cm: 0x32, pm: 0x30 },
    retract: { cm: 0x32, pm: 0x39 },
    accept: { cm: 0x33, pm: 0x32 },
    endAccept: { cm: 0x33, pm: 0x30 },
    binFull: { sensor: 16 },
    retractsByItself: true,
  },
};

const same = (a: Command, b: Command) => a.cm === b.cm && a.pm === b.pm;
const REPEATABLE = [INIT, STATUS, SENSORS, RF_ON, RF_OFF, SERIAL_NUMBER, VERSION, READ_BIN, ZERO_BIN];

/** What is not named here moves something, as far as anybody knows. */
export function kindOf(command: Command, profile: Profile): CommandKind {
  if (REPEATABLE.some((row) => same(row, command))) return "repeatable";
  return same(profile.endAccept, command) ? "once" : "motion";
}

/** Longest time from the acknowledgement to the answer, ms. */
export function timeOf(command: Command): number {
  if (command.cm === 0x30) return 30_000;
  if (command.cm === 0x32) return 15_000;
  return command.cm === 0x60 ? 8_000 : 2_000;
}

/** The profile of the device that calls itself by these texts (INIT and A4). */
export function profileOf(...texts: string[]): ProfileName | undefined {
  const text = texts.join(" ");
  if (/M001/.test(text)) return "m001";
  return /R02/.test(text) ? "r02" : undefined;
}
