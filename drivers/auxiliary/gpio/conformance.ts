import type { Plant } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { AuxiliaryInput } from "../../contract/index.ts";
import { ok } from "../../kit/index.ts";

const ROLE = "door.service";
const put = (active: boolean) => (plant: Plant) => plant.setInput(ROLE, active);

export const conformance: ConformanceEntry<AuxiliaryInput, Plant> = {
  configuration: {
    role: ROLE,
    driver: "auxiliary.gpio",
    line: { chip: "pinctrl-bcm2711", offset: 17 },
    activeLow: true,
    debounceMs: 30,
  },
  start: ({ plant }) => plant,
  evidence: ["level", "edge"],
  trials: {
    read: {
      kind: "query",
      situations: { "the contact is at rest": put(false), "the contact is active": put(true) },
      run: (input) => input.read(),
      lie: (state: string, plant) =>
        (state === "active") === plant.state().inputs[ROLE] ? undefined : `the contact is ${state}`,
    },
    watch: {
      kind: "query",
      situations: { "the contact is at rest": put(false) },
      simulated: true,
      run: async (input, { clock }, plant) => {
        await input.read();
        const told: string[] = [];
        const stop = input.watch((state) => told.push(state));
        for (const active of [true, false, true]) {
          plant.setInput(ROLE, active);
          await clock.sleep(200);
        }
        // Bounces within the debounce time are no edge.
        for (const active of [false, true, false, true]) {
          plant.setInput(ROLE, active);
          await clock.sleep(2);
        }
        await clock.sleep(200);
        stop();
        plant.setInput(ROLE, false);
        await clock.sleep(200);
        return ok(told);
      },
      lie: (told: string[]) =>
        told.join() === "active,inactive,active" ? undefined : `the edges ${told.join(", ") || "none"}`,
    },
  },
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
