/**
 * What is wired to a bench. A unit's configuration has this shape and more, so it can be given as it is;
 * the bench reads only what follows.
 */
export interface GpioPlace {
  chip: string;
  offset: number;
}

export type BenchDevice =
  | {
      role: string;
      driver: "fingerprint.ef01";
      profile: "r503" | "zfm";
      address: number;
      port?: { path: string; baudRate: number };
    }
  | {
      role: string;
      driver: "lock.kerong";
      board: number;
      compartments: number;
      /** Bit of the feedback contact that means locked. */
      lockedBit: 0 | 1;
      /** Bit of an item sensor that means that something is there; absent when none is wired. */
      itemBit?: 0 | 1 | undefined;
      pulseMs: number;
      /** Boards with the same path hang on one RS-485 line. */
      port?: { path: string; baudRate: number };
    }
  | {
      role: string;
      driver: "lock.gpio";
      compartments: { coil: GpioPlace; door: GpioPlace; item?: GpioPlace | undefined }[];
      coilActiveLow: boolean;
      doorOpenLevel: 0 | 1;
      itemPresentLevel?: 0 | 1 | undefined;
      /** The coil's circuit ends a pulse by itself. */
      oneShot?: true | undefined;
    }
  | {
      role: string;
      driver: "dispenser.crt591";
      profile: "m001" | "r02";
      address: number;
      port?: { path: string; baudRate: number };
    }
  | { role: string; driver: "camera.libcamera"; index: number }
  | { role: string; driver: "camera.v4l2"; path: string }
  | {
      role: string;
      driver: "auxiliary.mcp23017";
      bus: number;
      address: number;
      pin: number;
      activeLow: boolean;
    }
  | {
      role: string;
      driver: "printer.escpos";
      profile: "tm" | "basic";
      encoding: "gb18030" | "big5";
      port?: { path: string; baudRate: number };
    }
  | { role: string; driver: "auxiliary.gpio"; line: GpioPlace; activeLow: boolean }
  | { role: string; driver: "indicator.gpio"; line: GpioPlace; activeLow: boolean };

export type BenchDeviceOf<D extends BenchDevice["driver"]> = Extract<BenchDevice, { driver: D }>;

export interface BenchSlot {
  slot: string;
  /** Of a compartment; a magazine of a dispenser has none. */
  lock?: string | undefined;
  compartment?: number | undefined;
  light?: string | undefined;
}

export interface BenchConfig {
  /** Whatever a unit may have; what the bench has no simulator for is not there for the unit. */
  devices: readonly { role: string; driver: string; [setting: string]: unknown }[];
  slots: readonly BenchSlot[];
}

export function devicesOf<D extends BenchDevice["driver"]>(
  config: BenchConfig,
  driver: D,
): BenchDeviceOf<D>[] {
  // The unit has checked its own entries already.
  return config.devices.filter((device) => device.driver === driver) as unknown as BenchDeviceOf<D>[];
}
