import type { Motor } from "../world.ts";

/** What an opcode makes a model do. */
export type Deed =
  | { turn: Motor }
  /** Takes the card inside to the reader, or feeds one when the path is empty. */
  | "inside"
  /** Answers well and moves nothing. */
  | "nothing"
  | "enable"
  | "disable";

export interface Model {
  initText: string;
  version: string;
  serial: string;
  configuration: string;
  /** By parameter of MOVE (32). */
  move: Readonly<Record<number, Deed>>;
  /** By parameter of ENTRY (33). */
  entry: Readonly<Record<number, Deed>>;
  /** Whether the third status character tells of a full bin; otherwise only the last sensor does. */
  tellsBin: boolean;
  /** Takes back what nobody takes, by itself. */
  ownTimer: boolean;
}

export const MODELS: Readonly<Record<"m001" | "r02", Model>> = {
  m001: {
    initText: "CRT-591-M001",
    version: "CRT-591-M001 V1.0",
    serial: "591M0012013070201",
    configuration: "9V10",
    move: {
      48: { turn: "present" },
      49: "inside",
      50: "inside",
      51: { turn: "retract" },
      57: { turn: "eject" },
    },
    entry: { 48: "enable", 49: "disable" },
    tellsBin: true,
    ownTimer: false,
  },
  r02: {
    initText: "CRT-591-V1.00",
    version: "C591_R02_A_170413",
    serial: "591R02H2501027509",
    configuration: "9V10HRLD2",
    move: {
      48: { turn: "present" },
      51: "nothing",
      52: "inside",
      57: { turn: "retract" },
    },
    entry: { 50: "enable", 48: "disable" },
    tellsBin: false,
    ownTimer: true,
  },
};
