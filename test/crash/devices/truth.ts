import { isDispenser, type Job, type State } from "./states.ts";

/** What the plant knows when an outcome is told. */
export interface Facts {
  state: State;
  /** Where the item is: a slot, part of a dispenser, `out`; undefined for one that was never inside. */
  place: string | undefined;
  /** Whether coil or motor has turned at all. */
  moved: boolean;
  /** Whether the vault still looks after an item that it left at the gate. */
  atGate: boolean;
}

/** Whether an outcome (with its modifier) says what is. `unknown` says nothing. */
export function isTrue(said: string, { state, place, moved, atGate }: Facts): boolean {
  return isDispenser(state.device)
    ? cardIs(state.job, said, place, atGate)
    : itemIs(state.job, said, place, moved);
}

function itemIs(job: Job, said: string, place: string | undefined, moved: boolean): boolean {
  switch (said) {
    case "taken":
      return place === "out";
    case "notMoved":
      return job === "load" ? place !== "1" : place === "1";
    case "stored":
      return place === "1";
    case "empty":
      return place !== "1";
    case "presented":
      return moved;
    default:
      return said === "unknown";
  }
}

function cardIs(job: Job, said: string, place: string | undefined, atGate: boolean): boolean {
  const intake = job.startsWith("accept");
  const wrong = job === "wrongCard";
  switch (said) {
    case "taken":
      return place === "out" && !wrong;
    case "taken accepted":
      return job === "accept" && place === "bin";
    case "notMoved":
      return intake ? place === "out" || place === undefined : place === "magazine";
    case "notMoved returned":
      return intake && place === "out";
    case "notMoved rejected":
      return place === "bin" || (wrong && place === "magazine");
    case "notMoved retracted":
    case "presented retracted":
    case "presented rejected":
      return place === "bin";
    case "notMoved inPath":
      return place === "path" || place === "gate" || (wrong && place === "magazine");
    case "presented":
      // Whoever takes it now makes it taken, once that was seen.
      return place === "gate" || atGate;
    default:
      return said === "unknown";
  }
}
