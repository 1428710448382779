import {
  type ChipSim,
  type ConformanceEntry,
  contactConformance,
  startChip,
} from "../../conformance/index.ts";
import type { AuxiliaryInput } from "../../contract/index.ts";
import { simulator } from "./simulator.ts";

const ROLE = "door.cabinet";
const configuration = {
  role: ROLE,
  driver: "auxiliary.mcp23017",
  bus: 1,
  address: 0x24,
  pin: 9,
  activeLow: false,
  debounceMs: 30,
};

export const conformance: ConformanceEntry<AuxiliaryInput, ChipSim> = {
  configuration,
  start: startChip(simulator, configuration),
  reset: ({ part }) => part.powerCycle(),
  ...contactConformance<ChipSim>(ROLE, {
    rest: "the door is closed",
    active: "the door is open",
    mayMissEdges: true,
  }),
  exempt: {
    replugElsewhere: "a part on a bus has no other name: it is named by bus and address",
    cancel: "nothing that it does waits for a person",
    stuckSensor: "one contact alone cannot be contradicted",
  },
};
