import { type ConformanceEntry, type ContactSim, contactConformance } from "../../conformance/index.ts";
import type { AuxiliaryInput } from "../../contract/index.ts";

const ROLE = "door.service";

export const conformance: ConformanceEntry<AuxiliaryInput, ContactSim> = {
  configuration: {
    role: ROLE,
    driver: "auxiliary.gpio",
    line: { chip: "pinctrl-bcm2711", offset: 17 },
    activeLow: true,
    debounceMs: 30,
  },
  start: ({ plant }) => ({ plant }),
  ...contactConformance<ContactSim>(ROLE, {
    rest: "the contact is at rest",
    active: "the contact is active",
  }),
  exempt: {
    resetMidCommand: "a contact has no power of its own",
    unplugBefore: "a cut wire reads as the pull-up: the contact is wired so that this is its active state",
    unplugMidCommand: "as above",
    replugElsewhere: "a line has no other name: it is named by chip and offset",
    silence: "a line is always read",
    cancel: "nothing that it does waits for a person",
    stuckSensor: "one contact alone cannot be contradicted",
  },
};
