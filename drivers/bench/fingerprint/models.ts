/** What the two families are, seen from inside (ZFM-20 manual; R503 manual V1.2.1). */
export interface Model {
  name: string;
  width: number;
  height: number;
  template: number;
  pages: number;
  /** Feature buffers; where their numbers are ignored there is one for all that comes over the wire. */
  buffersIgnored: boolean;
  /** Says a bare 55 when it has started. */
  bootByte: boolean;
  /** What it answers to a command that it does not have. */
  unknown: number;
  /** Commands of the other family, which it lacks. */
  lacks: readonly number[];
}

const R503_ONLY = [0x28, 0x30, 0x31, 0x32, 0x35, 0x36, 0x39, 0x3a, 0x3c, 0x3d, 0x40];
const ZFM_ONLY = [0x17, 0x1b, 0x50, 0x51, 0x52, 0x53];

export const MODELS = {
  r503: {
    name: "R503",
    width: 192,
    height: 192,
    template: 1536,
    pages: 200,
    buffersIgnored: true,
    bootByte: true,
    unknown: 0xfc,
    lacks: ZFM_ONLY,
  },
  zfm: {
    name: "ZFM-20",
    width: 256,
    height: 288,
    template: 512,
    pages: 162,
    buffersIgnored: false,
    bootByte: false,
    unknown: 0x01,
    lacks: R503_ONLY,
  },
} as const satisfies Record<string, Model>;

/** What single modules and clones do otherwise. */
export interface Quirks {
  /** Templates of another length, as several generations of one model have. */
  templateBytes?: number;
  /** Commands that it does not have. */
  lacks?: readonly number[];
  /** Never sends the last packet of a transfer, but zeros. */
  noEnd?: boolean;
  /** Its index table is shifted by so many pages. */
  indexShift?: number;
  /** Parameters of SetSysPara that it confirms and does not change. */
  stuck?: readonly number[];
  /** A new baud rate holds from the next power-up on only. */
  rateNeedsPower?: boolean;
  /** Counts the steps 10 to 12 of AutoEnroll in hexadecimal digits that read like decimal ones. */
  stepsLookDecimal?: boolean;
}

/** How long a module thinks before it answers, ms: orders of magnitude from the manuals. */
export const THINKING: Readonly<Record<number, number>> = {
  1: 120,
  2: 350,
  4: 30,
  5: 100,
  6: 70,
  12: 40,
  13: 200,
  14: 20,
  40: 120,
};
