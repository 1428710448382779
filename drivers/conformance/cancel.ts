import type { Trial } from "./entry.ts";
import { judgeRest, judgeRun } from "./judge.ts";
import type { Rig, Run, RunOptions } from "./rig.ts";
import type { Suite } from "./suite.ts";

/** How long a verb may take to end once it is cancelled, or its person's time is over, ms. */
const END_MS = 3_000;
const OPEN_MS = 30_000;
/** How long it is listened afterwards, ms. */
const AFTER_MS = 500;
const NOBODY = "nobody and nothing is before it";

/** A capture can be cancelled before it began and while it waits, and ends when the person does not come. */
export async function cancelChecks(
  suite: Suite,
  name: string,
  trial: Trial<unknown, unknown>,
): Promise<void> {
  if (suite.subject.entry.exempt?.cancel) return;
  const waits = trial.waits?.bind(trial);
  if (!waits) {
    await suite.case(name, "cancel", "its entry", async () => [
      "its entry names no situation in which it waits for a person",
    ]);
    return;
  }
  const waiting = async (rig: Rig, options: RunOptions): Promise<string[]> => {
    const run = await rig.run(trial, options);
    const wrong = endedWell(run, options);
    wrong.push(...judgeRest(suite.subject.entry, rig));
    await rig.clock.sleep(AFTER_MS);
    if (run.late.length > 0) wrong.push(`told ${run.late.join(", ")} after it had ended`);
    if (!suite.subject.real) trial.calm?.(rig.sim);
    return [...wrong, ...(await suite.heals(rig, trial, 0))];
  };
  await suite.case(name, "cancel", "before it began", async (rig) => {
    await rig.ready(OPEN_MS);
    await rig.arrange(NOBODY, waits);
    return waiting(rig, { signal: AbortSignal.abort() });
  });
  for (const cancelAfterMs of [1, 150, 1_000]) {
    await suite.case(name, "cancel", `${cancelAfterMs} ms after it began`, async (rig) => {
      await rig.ready(OPEN_MS);
      await rig.arrange(NOBODY, waits);
      return waiting(rig, { cancelAfterMs });
    });
  }
  if (!trial.noPerson) {
    await suite.case(name, "cancel", "when the person does not come", async (rig) => {
      await rig.ready(OPEN_MS);
      await rig.arrange(NOBODY, waits);
      return waiting(rig, { userTimeMs: 1_500 });
    });
  }
  await suite.case(name, "cancel", "when the host stops", async (rig) => {
    await rig.ready(OPEN_MS);
    await rig.arrange(NOBODY, waits);
    const running = rig.run(trial);
    await rig.clock.sleep(300);
    await rig.host.stop();
    const run = await running;
    return run.result.ok ? ["claimed success, although nobody came and the host stopped"] : [];
  });
}

function endedWell(run: Run, options: RunOptions): string[] {
  const wrong: string[] = [...run.layer];
  const { cancelAfterMs, userTimeMs, signal } = options;
  const limit = (cancelAfterMs ?? userTimeMs ?? 0) + END_MS;
  if (run.threw) wrong.push(`threw ${run.threw} instead of answering`);
  if (run.tookMs > limit)
    wrong.push(`went on for ${Math.round(run.tookMs)} ms, although it was to end after ${limit} ms at most`);
  if (run.result.ok) return [...wrong, "claimed success, although nobody came"];
  const wanted = signal || cancelAfterMs !== undefined ? "device.canceled" : "device.timeoutUser";
  if (run.result.error.code !== wanted) wrong.push(`ended with ${run.result.error.code}, not ${wanted}`);
  return wrong;
}

/** A motion that is cancelled has either not begun, and then nothing of it is left, or it goes on to its own end. */
export async function motionCancels(
  suite: Suite,
  name: string,
  trial: Trial<unknown, unknown>,
): Promise<void> {
  const { entry } = suite.subject;
  for (const cancelAfterMs of [0, 1, 25, 400]) {
    await suite.case(name, "cancel", `${cancelAfterMs} ms after it began`, async (rig) => {
      await rig.ready(OPEN_MS);
      await suite.arrange(rig, trial, 0);
      const run = await rig.run(trial, { cancelAfterMs });
      const safely = run.canceled === "canceledSafely" || run.canceled === "canceledBeforeStart";
      if (!safely) return judgeRun(trial, run, rig.sim, "honest", rig.limitOf(trial));
      const wrong = [...run.layer];
      if (run.result.ok || run.result.error.code !== "device.canceled")
        wrong.push(`was cancelled, and answered ${run.result.ok ? "success" : run.result.error.code}`);
      if (rig.ledger.redeemed > 0) wrong.push("was cancelled, and used its permission up");
      if ((entry.motions?.(rig.sim) ?? 0) > 0) wrong.push("was cancelled, and moved");
      return [...wrong, ...(await suite.heals(rig, trial, 0))];
    });
  }
}
