import { Type } from "@sinclair/typebox";
import { check } from "../../drivers/kit/index.ts";
import type { Trial } from "./trial.ts";

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

/**
 * What keeps a unit from being healthy: the core is up, its screen painted, the store commits, every device that a service
 * needs is ready, and the broker is reached. What was missing with the old generation too, a broken reader or a broker
 * that is away, does not speak against the new one.
 * @param now what the unit says; undefined when it says nothing
 * @param before what it said with the old generation; undefined when it did not run
 */
export function missingFor(now: UnitHealth | undefined, before: UnitHealth | undefined): string[] {
  if (!now?.ready) return ["core"];
  const codesOf = ({ broken, missing }: UnitHealth) => [
    ...Object.values(missing).flat(),
    ...broken.map((service) => `service.${service}`),
  ];
  const known = new Set(before ? codesOf(before) : []);
  const missing = codesOf(now).filter((code) => !NO_MATTER.test(code) && !known.has(code));
  if (!now.painted && (before?.painted ?? true)) missing.unshift("screen");
  if (!now.link && before?.link) missing.push("broker");
  return [...new Set(missing)];
}

/** A trial of the running unit: restarted by whoever starts its processes, judged by what it says of itself. */
export function unitTrial(unit: {
  restart(): Promise<void>;
  /** The answer of `/healthz`; rejects or is anything else while the unit is down. */
  health(): Promise<unknown>;
  installs?: boolean;
}): Trial {
  let before: UnitHealth | undefined;
  const ask = async (): Promise<UnitHealth | undefined> => {
    const said = check(UnitHealthSchema, await unit.health().catch(() => undefined), "health");
    return said.ok ? said.value : undefined;
  };
  return {
    installs: unit.installs ?? false,
    restart: async () => {
      before = await ask();
      await unit.restart();
    },
    missing: async () => missingFor(await ask(), before),
  };
}
