import type { Expectation } from "./cases.ts";
import type { Trial } from "./entry.ts";
import type { AnyEntry, Rig, Run } from "./rig.ts";

/** How much longer than its own limit a command may take until it has settled, ms. */
const SLACK_MS = 1_000;

/** What is wrong with one run, in words. */
export function judgeRun(
  trial: Trial<unknown, unknown>,
  run: Run,
  sim: unknown,
  expect: Expectation,
  limitMs: number,
): string[] {
  const wrong: string[] = [...run.layer];
  const { result } = run;
  if (run.threw) wrong.push(`threw ${run.threw} instead of answering`);
  if (run.hangs) wrong.push("went on for ever after its command was over");
  if (run.tookMs > limitMs + SLACK_MS)
    wrong.push(`took ${Math.round(run.tookMs)} ms, more than its ${limitMs} ms`);
  if (run.late.length > 0) wrong.push(`told ${run.late.join(", ")} after it had ended`);
  if (!result.ok) {
    if (!/^device\./.test(result.error.code))
      wrong.push(`failed with ${result.error.code}, which no device may answer`);
    if (expect === "succeeds") wrong.push(`failed with ${result.error.code}, although nothing was lost`);
    return wrong;
  }
  const outcome = trial.outcome?.(result.value);
  if (expect === "fails" && outcome !== "unknown")
    wrong.push("claimed success, although the device never answered");
  // On real hardware nobody knows the truth but the person who stands there.
  const known = sim !== undefined;
  const lie = known ? trial.lie?.(result.value, sim) : undefined;
  if (lie) wrong.push(`said what is not so: ${lie}`);
  const truths = outcome === undefined || !known ? undefined : trial.truth?.(sim);
  if (outcome !== undefined && outcome !== "unknown" && truths && !truths.includes(outcome))
    wrong.push(`claimed ${outcome}, where it is ${truths.join(" or ")}`);
  return wrong;
}

/** Motions against permissions: the plant counts the one, the ledger the other. */
export function judgeMotions(entry: AnyEntry, { sim, ledger }: Rig): string[] {
  const wrong: string[] = [];
  const motions = sim === undefined ? 0 : (entry.motions?.(sim) ?? 0);
  if (motions > ledger.redeemed)
    wrong.push(`moved ${motions} times with ${ledger.redeemed} permissions redeemed`);
  if (ledger.redeemed > ledger.given)
    wrong.push(`redeemed ${ledger.redeemed} permissions of ${ledger.given} given`);
  return wrong;
}

export function judgeRest(entry: AnyEntry, { sim }: Rig): string[] {
  const left = sim === undefined ? undefined : entry.unrest?.(sim);
  return left ? [`left something behind: ${left}`] : [];
}
