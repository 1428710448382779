import type { Plant } from "../bench/index.ts";
import type { AuxiliaryInput } from "../contract/index.ts";
import { ok } from "../kit/index.ts";
import type { ConformanceEntry } from "./entry.ts";

export interface ContactSim {
  plant: Plant;
}

/** Of the contact in turn; bounces within the debounce time are no edges. */
const EDGES = "active,inactive,active";

/** What every contact is tried with: its level in both states, and its edges. */
export function contactConformance<Sim extends ContactSim>(
  role: string,
  about: {
    /** Words for its two states. */
    rest: string;
    active: string;
    /** Whether faults of the line may keep an edge from being told; none that was not may be told ever. */
    mayMissEdges?: boolean;
  },
): Pick<ConformanceEntry<AuxiliaryInput, Sim>, "evidence" | "trials"> {
  const put =
    (active: boolean) =>
    ({ plant }: Sim) =>
      plant.setInput(role, active);
  const right = (told: string): boolean =>
    about.mayMissEdges ? EDGES.startsWith(told) || EDGES.endsWith(told) : told === EDGES;
  return {
    evidence: ["level", "edge"],
    trials: {
      read: {
        kind: "query",
        situations: { [about.rest]: put(false), [about.active]: put(true) },
        run: (input) => input.read(),
        lie: (state: string, { plant }) =>
          (state === "active") === plant.state().inputs[role] ? undefined : `the contact is ${state}`,
      },
      watch: {
        kind: "query",
        situations: { [about.rest]: put(false) },
        simulated: true,
        run: async (input, { clock }, { plant }) => {
          const first = await input.read();
          if (!first.ok) return first;
          const told: string[] = [];
          const stop = input.watch((state) => told.push(state));
          for (const active of [true, false, true]) {
            plant.setInput(role, active);
            await clock.sleep(200);
          }
          for (const active of [false, true, false, true]) {
            plant.setInput(role, active);
            await clock.sleep(4);
          }
          await clock.sleep(200);
          stop();
          plant.setInput(role, false);
          await clock.sleep(200);
          return ok(told);
        },
        lie: (told: string[]) => (right(told.join()) ? undefined : `the edges ${told.join(", ") || "none"}`),
      },
    },
  };
}
