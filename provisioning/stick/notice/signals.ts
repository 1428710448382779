import type { StickState } from "./outcome.ts";

/** Switched on and off for so many ms, so often; `times` absent is until the stick is out. */
export interface Pattern {
  on: number;
  off: number;
  times?: number;
}
export interface Signal {
  light: Pattern;
  /** Absent is silence. */
  sounder?: Pattern;
}

const busy: Signal = { light: { on: 500, off: 500 } };
const steady: Pattern = { on: 1_000, off: 0 };
const fast: Pattern = { on: 120, off: 120 };
const beep = (times: number, on = 120): Pattern => ({ on, off: 120, times });

/** What light and sounder at the service port tell: slow is busy, steady is good, fast is look at the screen. */
export const STICK_SIGNALS: Record<StickState, Signal> = {
  reading: busy,
  trying: busy,
  accepted: { light: steady, sounder: beep(1, 600) },
  older: { light: steady, sounder: beep(2) },
  otherUnit: { light: fast, sounder: beep(3) },
  empty: { light: fast, sounder: beep(3) },
  gone: { light: fast, sounder: beep(4) },
  unreadable: { light: fast, sounder: beep(4) },
  notOurs: { light: fast, sounder: beep(5) },
  damaged: { light: fast, sounder: beep(5) },
  notTaken: { light: fast, sounder: beep(5) },
  partly: { light: fast, sounder: beep(5) },
  wentBack: { light: fast, sounder: beep(3, 600) },
};
