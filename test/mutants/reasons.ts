import type { Generated } from "./generate.ts";

/** Why a mutant that survives does no harm, or what would be needed to see it. */
export function reasonOf(mutant: Generated): string {
  return REASONS.find(({ fits }) => fits(mutant))?.why ?? "not looked at";
}

const REASONS: { fits: (mutant: Generated) => boolean; why: string }[] = [];
