/**
 * The plant as the simulators feel it. One model of the physical world: a simulator reads it and acts on it, and
 * knows nothing of other simulators. Devices are named by the role that the unit's configuration gives them.
 */
export interface Finger {
  person: string;
  /** ISO/IEC 19794-2 position, 1-10. */
  position: number;
  /** 32 bytes that stand for this finger's ridges; see templates.ts. */
  seed: Uint8Array;
  condition: "normal" | "dry" | "wet" | "light";
}

export type Contact = "open" | "closed";

/** Motors of a card dispenser, by what they are there for. */
export type Motor = "feed" | "present" | "retract" | "eject";

/** One card dispenser as its electronics feel it. */
export interface DispenserWorld {
  stock(): "empty" | "few" | "enough";
  path(): "none" | "gate" | "reader";
  binFull(): boolean;
  /** UIDs of the chips in the field of the reader, hex. */
  chips(): string[];
  /** Turns a motor once, which the plant counts. `idle`: there was nothing to move. */
  turn(motor: Motor): "moved" | "jammed" | "idle";
  openEntry(open: boolean): void;
  /** The unit's own count of its bin, which it keeps without power. */
  counter(): number;
  setCounter(count: number): void;
}

/** The paper of a receipt printer. */
export interface PrinterWorld {
  paper(): "enough" | "nearEnd" | "out";
  cover(): "closed" | "open";
  /** Moves the paper by one line with this on it; false when it could not. */
  line(text: string): boolean;
  /** Cuts off what was printed; false when the knife sticks. */
  cut(): boolean;
}

export interface World {
  /** Whether the device's cable is in. A simulator answers nothing, and its line is gone, while it is not. */
  attached(device: string): boolean;
  /** What lies on a fingerprint module now. */
  finger(device: string): Finger | null;
  /** What a camera sees now, as a JPEG of the given size at most. */
  picture(device: string, width: number, height: number): Promise<Uint8Array>;
  /** Latch of a compartment: energising the coil lets the spring door open. The plant counts it as a motion. */
  energise(lock: string, compartment: number, ms: number): void;
  latch(lock: string, compartment: number): "locked" | "open";
  /** Door of a compartment. */
  doorOf(lock: string, compartment: number): "closed" | "ajar" | "open";
  /** Whether the item sensor of a compartment sees something (sensor faults included). */
  itemSensed(lock: string, compartment: number): boolean;
  /** The path of a card dispenser. */
  dispenser(device: string): DispenserWorld;
  /** Level on a GPIO line. */
  level(chip: string, offset: number): 0 | 1;
  drive(chip: string, offset: number, level: 0 | 1): void;
  /** The paper of a receipt printer. */
  printer(device: string): PrinterWorld;
  /** Volts on the unit's rail, and amperes into its battery: less than 0 while the battery feeds the unit. */
  rail(): { volts: number; amps: number };
  /** What presses on a part that is mounted upright, in g: forwards, sideways, down. */
  gravity(): { x: number; y: number; z: number };
  climate(): { temperatureCel: number; humidityPercent: number; pressurePa: number };
  /** Called after anything changed, with the device or line that it is about. Returns the way to stop. */
  onChange(listener: (what: string) => void): () => void;
}

/** A running simulator. */
export interface Simulator {
  stop(): Promise<void>;
}
