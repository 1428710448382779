import type { Plant, WireLine } from "../bench/index.ts";
import type { CaptureContext, Evidence, MotionToken, Outcome, VerbKind } from "../contract/index.ts";
import type { Clock, Result } from "../kit/index.ts";

/**
 * What a driver's `conformance.ts` exports as `conformance`: how the suite starts its simulator, tries its verbs and tells
 * the truth from a lie. The suite does the rest: it runs every trial clean and under every fault that fits the port.
 */
export interface ConformanceEntry<Verbs = unknown, Sim = unknown> {
  /** An entry of a unit's configuration, as the driver's schema has it; GPIO lines and ports are those of the bench. */
  configuration: { role: string; driver: string; [setting: string]: unknown };
  /** Starts the wire-true simulator. What it returns is given to every trial. */
  start(bench: TrialBench): Sim | Promise<Sim>;
  /** By verb. A verb with two sets of parameters has two, e.g. `clear` and `clear all`. */
  trials: Readonly<Record<string, Trial<Verbs, Sim>>>;
  /** What it can prove, as a person would read it, e.g. `latch`, `item`. Empty for what proves nothing. */
  evidence?: readonly (Evidence | (string & {}))[];
  /**
   * Words for what is not as if nothing had happened, undefined at rest: a lamp that is on, a template that stayed, an
   * item in the gate. Asked after every cancel, every refusal, and every recovery.
   */
  unrest?(sim: Sim): string | undefined;
  /** The plant's own count of motions. Every class that moves something has it. */
  motions?(sim: Sim): number;
  /** Cuts the power of the device alone, and puts it back. */
  reset?(sim: Sim): void;
  /** Ways in which a sensor of the device may fail or two may contradict: each arranges it, `lie` of the trials judges. */
  sensorFaults?: Readonly<Record<string, (sim: Sim) => void>>;
  /** Frames that only somebody who knows the protocol can make. */
  wire?: {
    /** The device's refusal in place of this reply. */
    nak?(reply: Uint8Array): Uint8Array;
    /** The same reply as if another device on the line had sent it, with a right checksum. */
    otherAddress?(reply: Uint8Array): Uint8Array;
  };
  /** Faults that do not apply, each with the reason, which is printed in docs/devices.md. */
  exempt?: Partial<Record<FaultName, string>>;
  /** For what starts programs or uses a real kernel: the suite then runs on the system's clock. Default: virtual time. */
  realTime?: boolean;
  stop?(sim: Sim): void | Promise<void>;
}

/** One verb with sample parameters. */
export interface Trial<Verbs, Sim> {
  kind: VerbKind;
  /**
   * Where the world is before the verb: the name is what a technician is asked to arrange on real hardware, the function
   * does the same on the bench. Every one is tried. Without any, the verb needs nothing.
   */
  situations?: Readonly<Record<string, (sim: Sim) => void>>;
  /** `sim` is for events: the verb watches, the plant is changed meanwhile. */
  run(verbs: Verbs, context: TrialContext, sim: Sim): Promise<Result<unknown>>;
  /** What is untrue in the value of a success, compared with the simulator; undefined for the truth. */
  lie?(value: unknown, sim: Sim): string | undefined;
  /** The outcome that a motion claims with its value; `outcomes` says which are true. */
  outcome?(value: unknown): Outcome;
  /** What the plant says that the last motion came to. */
  truth?(sim: Sim): readonly Outcome[];
  /** A situation in which the verb waits for a person, to cancel it. Every capture has it. */
  waits?(sim: Sim): void;
  /** Ends what `waits` has arranged, where no situation does. */
  calm?(sim: Sim): void;
  /** It waits for no person, so that no user time ends it. */
  noPerson?: true;
  /** Longest time of the device, ms; default 10 s. */
  deviceTimeMs?: number;
  /** `run` cannot do without the simulator: left out on real hardware. */
  simulated?: true;
}

/** What a trial is given beside the verbs. */
export interface TrialContext extends CaptureContext {
  clock: Clock;
  /** A permission for one motion. Every call is counted: the plant may have moved so many times at most. */
  token(compartment?: number): MotionToken;
}

/** Where a simulator is plugged in. */
export interface TrialBench {
  clock: Clock;
  /** The physical world with this one device; its GPIO lines reach the driver by themselves. */
  plant: Plant;
  /** The simulator's end of the device's serial line. */
  line: WireLine;
  /** Puts a part onto the I2C bus; it is away while the device is unplugged. */
  i2c(address: number, part: I2cPart): void;
  /** Folder of camera programs that the driver is given. */
  cameraPath: string;
}

/** An I2C part as the bus sees it: plain writes and reads. A register pointer is the part's own affair. */
export interface I2cPart {
  write(bytes: Uint8Array): void;
  read(length: number): Uint8Array;
}

/** Every fault that the suite knows, by the port that it fits. */
export const FAULTS = {
  serial: [
    "noReply",
    "lateReply",
    "duplicateReply",
    "nak",
    "badChecksum",
    "flippedBit",
    "truncated",
    "split",
    "merged",
    "garbageBefore",
    "otherAddress",
    "echo",
  ],
  i2c: ["noAcknowledge", "shortRead", "allOnes", "allZeros"],
  gpio: [],
  camera: [],
  /** Of every device. */
  device: [
    "resetMidCommand",
    "unplugBefore",
    "unplugMidCommand",
    "replugElsewhere",
    "stuckSensor",
    "cancel",
    "silence",
  ],
} as const;
export type FaultName = (typeof FAULTS)[keyof typeof FAULTS][number];
