import type { Finger } from "../world.ts";
import type { CameraFault, Scene } from "./scene.ts";

/** Shapes of what can be seen of the plant. Nothing but types, so that the panel's page can read them too. */
export type Condition = Finger["condition"];

/** A door on a spring behind a latch: energising frees it, only a hand closes it. */
export interface Compartment {
  lock: string;
  compartment: number;
  slot: string | null;
  latch: "locked" | "open";
  door: "closed" | "ajar" | "open";
  /** Whether the coil is energised but the bolt sticks. */
  jammed: boolean;
  sensor: "ok" | "stuckPresent" | "stuckAbsent";
  /** Item that lies inside, by the number of the thing, not its label. */
  item: number | null;
  /** How often the coil was energised: what a judge counts. */
  motions: number;
  /** How often somebody opened the door without the coil. */
  forced: number;
}

/** A thing with a label. Two things may carry the same label; the plant knows them apart. */
export interface Item {
  id: number;
  code: string;
  /** Slot, `device/magazine`, `device/path`, `device/gate`, `device/bin`, or `out`: in somebody's hands. */
  place: string;
  /** Where it has been, in order, with the sequence number of the event. */
  moves: { seq: number; to: string }[];
}

/** What will stick: the motor, how many of its turns go well before, and whether the card stays or is left half-way. */
export interface Jam {
  motor: "feed" | "present" | "retract";
  where: "start" | "middle";
  after: number;
}

/** A card dispenser. Cards are told by the number of the thing. */
export interface DispenserView {
  device: string;
  /** The first comes out first. */
  magazine: number[];
  path: "none" | "gate" | "reader";
  inPath: number[];
  bin: number[];
  binCapacity: number;
  /** What the unit itself has counted into its bin. */
  counter: number;
  /** Whether a card may be pushed in from outside. */
  entry: boolean;
  jam: Jam | null;
  /** The next feed takes so many more along. */
  doubleFeed: number;
  /** Whether a card is stuck in the path until a hand frees it. */
  stuck: boolean;
  /** How often each motor turned: what a judge counts. */
  motions: { feed: number; present: number; retract: number; eject: number; entry: number };
}

export interface Climate {
  temperatureCel: number;
  humidityPercent: number;
  pressurePa: number;
}

export interface Power {
  mains: boolean;
  /** Of the battery while it feeds the unit. */
  batteryVolts: number;
  loadAmps: number;
}

/** How far the cabinet leans out of its upright. */
export interface Stand {
  forwardDeg: number;
  sidewaysDeg: number;
}

export interface PaperView {
  device: string;
  /** Lines left on the roll. */
  left: number;
  cover: "closed" | "open";
  cutter: "ok" | "stuck";
  /** Printed lines that still hang on the roll; a QR code as `[QR …]`. */
  hanging: string[];
  /** The last tickets that were cut off. */
  tickets: string[][];
  /** How many were cut off: what a judge counts. */
  printed: number;
}

/** One thing that happened, in words for the log of the panel. Numbers and names of people do not occur in it. */
export interface PlantEvent {
  seq: number;
  /** Wall clock, ms. */
  at: number;
  /** Device, slot or input. */
  about: string;
  what: string;
  more?: Record<string, unknown>;
}

export interface PlantState {
  seq: number;
  unplugged: string[];
  fingers: Record<string, { person: string; position: number; condition: Condition } | null>;
  cameras: Record<string, { scene: Scene; fault: CameraFault }>;
  compartments: Compartment[];
  dispensers: DispenserView[];
  items: Item[];
  inputs: Record<string, boolean>;
  lamps: Record<string, boolean>;
  climate: Climate;
  power: Power;
  stand: Stand;
  papers: PaperView[];
}
