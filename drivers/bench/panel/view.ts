import type { CameraFault, Scene } from "../plant/scene.ts";
import type {
  Compartment,
  Condition,
  DispenserView,
  Item,
  PaperView,
  PlantEvent,
  Power,
  Stand,
} from "../plant/state.ts";

/** What `GET /state` answers: the plant, and what a new user needs in order to play with it. Types only. */
export interface PersonView {
  id: string;
  nameEn: string;
  nameZh: string;
  number: string;
  dateOfBirth: string;
  sex: "F" | "M";
  eligibleFor: string[];
}

export interface PanelState {
  seq: number;
  people: PersonView[];
  devices: { role: string; driver: string; attached: boolean }[];
  fingers: Record<string, { person: string; position: number; condition: Condition } | null>;
  cameras: Record<string, { scene: Scene; fault: CameraFault }>;
  slots: (Compartment & { slot: string; code: string | null; light: boolean | null; sensed: boolean })[];
  /** Cards by the UIDs of their chips. */
  dispensers: (DispenserView & { cards: string[]; pathCards: string[]; binCards: string[] })[];
  /** Things that are in somebody's hands. */
  out: Item[];
  inputs: Record<string, boolean>;
  climate: { temperatureCel: number; humidityPercent: number; pressurePa: number };
  power: Power;
  stand: Stand;
  /** Printers, with the tickets that were cut off last. */
  papers: PaperView[];
}

export type { CameraFault, Compartment, Condition, Item, PlantEvent, Scene };
