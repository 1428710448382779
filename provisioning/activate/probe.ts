import { Type } from "@sinclair/typebox";
import { type Clock, check, within } from "../../drivers/kit/index.ts";
import type { Change, Trial } from "./trial.ts";

const Codes = Type.Array(Type.String({ maxLength: 80 }), { maxItems: 100 });

/** What a unit says of itself at `/healthz`, as far as a trial looks at it. */
export const UnitHealthSchema = Type.Object({
  ready: Type.Boolean(),
  /** The browser has drawn a screen since it connected. */
  painted: Type.Boolean(),
  /** The broker is reached. */
  link: Type.Boolean(),
  /** Services whose documents cannot be read. */
  broken: Codes,
  /** What is missing for each service, as codes. */
  missing: Type.Record(Type.String(), Codes),
});
export type UnitHealth = {
  ready: boolean;
  painted: boolean;
  link: boolean;
  broken: string[];
  missing: Record<string, string[]>;
};

/** What is missing by the hour or by choice, and says nothing about health. */
const NO_MATTER = /^(hours\.|role$)/;

const codesIn = ({ broken, missing }: UnitHealth): string[] => [
  ...Object.values(missing).flat(),
  ...broken.map((service) => `service.${service}`),
];

/** What is asked of a unit whatever it was before. */
export interface Wants {
  /** There is something that paints a screen; a board may have none. True when absent. */
  screen?: boolean;
  /** The broker is to be reached, although it was not before. */
  link?: boolean;
}

/**
 * What keeps a unit from being healthy: the core is up, its screen painted, the store commits, every device that a service
 * needs is ready, and the broker is reached. What was missing with the old generation too, a broken reader or a broker
 * that is away, does not speak against the new one.
 * @param now what the unit says; undefined when it says nothing
 * @param before what it said with the old generation; undefined when it did not run
 */
export function missingFor(
  now: UnitHealth | undefined,
  before: UnitHealth | undefined,
  { screen = true, link = false }: Wants = {},
): string[] {
  if (!now?.ready) return ["core"];
  const known = new Set(before ? codesIn(before) : []);
  const missing = codesIn(now).filter((code) => !NO_MATTER.test(code) && !known.has(code));
  if (!now.painted && (before?.painted ?? screen)) missing.unshift("screen");
  if (!now.link && (link || before?.link)) missing.push("broker");
  return [...new Set(missing)];
}

/** A unit is looked at this often until it has settled, ms. */
const PERIOD_MS = 1_000;
/** One look at it may take this long, ms. */
const LOOK_MS = 5_000;
/** Who says nothing for this long, and is not expected to come up, does not run, ms. */
const SILENT_MS = 5_000;
/** What has been said without a change for this long is how the unit is, ms. */
const SETTLED_MS = 10_000;
/** It is waited for no longer than this, ms. */
const MOST_MS = 45_000;

/** What of two looks was missing at both. */
const bestOf = (a: UnitHealth | undefined, b: UnitHealth): UnitHealth => {
  if (!a) return b;
  const common = new Set(codesIn(a));
  const codes = codesIn(b).filter((code) => common.has(code));
  const [painted, link] = [a.painted || b.painted, a.link || b.link];
  return { ready: a.ready || b.ready, painted, link, broken: [], missing: { unit: codes } };
};

/**
 * What a unit says of itself once it has settled: nothing is missing, or the same for a while. A core that has just started
 * lacks everything for a moment, and that must excuse nothing. One that never settles is taken at its best.
 * @param silentMs who says nothing for this long does not run
 * @returns undefined when it does not run
 */
async function settledHealth(
  ask: () => Promise<UnitHealth | undefined>,
  clock: Clock,
  silentMs: number,
  wants: Wants,
): Promise<UnitHealth | undefined> {
  const start = clock.mono();
  let [since, last] = [start, ""];
  let best: UnitHealth | undefined;
  for (;;) {
    const said = await ask();
    const now = clock.mono();
    if (said) {
      best = bestOf(best, said);
      if (said.link && missingFor(said, undefined, wants).length === 0) return said;
    }
    const text = said ? JSON.stringify([said.painted, said.link, codesIn(said).sort()]) : "";
    if (text !== last) [since, last] = [now, text];
    // What it has said while it ran is more than nothing.
    if (now - since >= (said ? SETTLED_MS : silentMs)) return said ?? best;
    if (now - start >= MOST_MS) return best;
    await clock.sleep(PERIOD_MS);
  }
}

/** A trial of the running unit: restarted by whoever starts its processes, judged by what it says of itself. */
export function unitTrial(unit: {
  restart(): Promise<void>;
  /** The answer of `/healthz`; rejects or is anything else while the unit is down. */
  health(): Promise<unknown>;
  /** Whether something is there that paints its screen; always when absent. */
  hasScreen?(): boolean;
  clock: Clock;
}): Trial {
  const { clock } = unit;
  let before: UnitHealth | undefined;
  let change: Change = { configured: false, needsLink: false };
  const wants = (): Wants => ({ screen: unit.hasScreen?.() ?? true, link: change.needsLink });
  const ask = async (): Promise<UnitHealth | undefined> => {
    const said = check(UnitHealthSchema, await unit.health().catch(() => undefined), "health");
    return said.ok ? said.value : undefined;
  };
  const look = () => within(clock, LOOK_MS, ask(), () => new Error("late")).catch(() => undefined);
  return {
    settle: async (next) => {
      change = next;
      // Bundles from the inbox are taken when the unit starts too: its core comes up behind this.
      const silentMs = change.configured ? MOST_MS : SILENT_MS;
      before = await settledHealth(look, clock, silentMs, wants());
    },
    restart: () => unit.restart(),
    missing: async () => missingFor(await ask(), before, wants()),
  };
}
