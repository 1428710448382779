import { type ChipSim, type ConformanceEntry, startChip } from "../../conformance/index.ts";
import type { AuxiliaryInput } from "../../contract/index.ts";
import { ok } from "../../kit/index.ts";
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
const put =
  (active: boolean) =>
  ({ plant }: ChipSim) =>
    plant.setInput(ROLE, active);

export const conformance: ConformanceEntry<AuxiliaryInput, ChipSim> = {
  configuration,
  start: startChip(simulator, configuration),
  reset: ({ part }) => part.powerCycle(),
  evidence: ["level", "edge"],
  trials: {
    read: {
      kind: "query",
      situations: { "the door is closed": put(false), "the door is open": put(true) },
      run: (input) => input.read(),
      lie: (state: string, { plant }) =>
        (state === "active") === plant.state().inputs[ROLE] ? undefined : `the contact is ${state}`,
    },
    watch: {
      kind: "query",
      situations: { "the door is closed": put(false) },
      simulated: true,
      run: async (input, { clock }, { plant }) => {
        const first = await input.read();
        if (!first.ok) return first;
        const told: string[] = [];
        const stop = input.watch((state) => told.push(state));
        for (const active of [true, false, true]) {
          plant.setInput(ROLE, active);
          await clock.sleep(200);
        }
        // Bounces within the debounce time are no edge.
        for (const active of [false, true, false, true]) {
          plant.setInput(ROLE, active);
          await clock.sleep(4);
        }
        await clock.sleep(200);
        stop();
        plant.setInput(ROLE, false);
        await clock.sleep(200);
        return ok(told);
      },
      // Under a fault an edge may come late or not at all; none may come that was not.
      lie: (told: string[]) =>
        "active,inactive,active".endsWith(told.join()) || "active,inactive,active".startsWith(told.join())
          ? undefined
          : `the edges ${told.join(", ")}`,
    },
  },
  exempt: {
    replugElsewhere: "a part on a bus has no other name: it is named by bus and address",
    cancel: "nothing that it does waits for a person",
    stuckSensor: "one contact alone cannot be contradicted",
  },
};
