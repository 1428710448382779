import type { Language } from "../../runtime/core/screen/model.ts";
import { beginning } from "./begin.ts";
import { devices } from "./devices.ts";
import { ending } from "./end.ts";
import { type Fixture, makerFor } from "./maker.ts";

export type { Fixture } from "./maker.ts";

/** Screens to look at and to test with: every kind of view, in its states, in texts of realistic length. */
export function fixtures(language: Language): Fixture[] {
  const maker = makerFor(language);
  return [...beginning(maker), ...devices(maker), ...ending(maker)];
}
