import { normalize } from "node:path";
import * as assert from "uvu/assert";
import type { startVault } from "../../runtime/vault/index.ts";
import type { TestContext } from "../kit.ts";
import { type Edit, importEdited } from "./edited.ts";

export type { Edit } from "./edited.ts";

/** The vault with some places of its source replaced. @param edits files below `runtime/vault` */
export async function mutate(edits: readonly Edit[]): Promise<typeof startVault> {
  const below = edits.map((edit) => ({ ...edit, file: normalize(`runtime/vault/${edit.file}`) }));
  const vault = await importEdited<{ startVault: typeof startVault }>("runtime/vault/index.ts", below);
  return vault.startVault;
}

/** Fails unless `scenario` notices the mutant, by an assertion and not by falling over. */
export async function mustCatch(
  t: Pick<TestContext, "after">,
  scenario: () => Promise<void>,
  limitMs: number,
): Promise<void> {
  let caught: unknown;
  // A mutant may also end by a rejection that nobody handles, which ends a real process.
  const stray = (error: unknown) => {
    caught ??= error;
  };
  process.on("unhandledRejection", stray);
  t.after(() => process.off("unhandledRejection", stray));
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("late")), limitMs).unref());
  await Promise.race([scenario(), late]).catch(stray);
  assert.ok(caught, "the scenario passed without the rule");
  assert.not.ok(/Impossible|TypeError|ReferenceError|SyntaxError/.test(String(caught)), String(caught));
}
