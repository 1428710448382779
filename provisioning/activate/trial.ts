import { type Clock, within } from "../../drivers/kit/index.ts";

/** What a trial has to know of a change before it is made. */
export interface Change {
  /** The unit has a configuration: a core that says nothing yet is coming up, or should. */
  configured: boolean;
  /** With what comes the unit has to reach its broker, whether or not it did before. */
  needsLink: boolean;
}

/** What a trial needs of the unit around it. */
export interface Trial {
  /**
   * Called while the unit still runs on what it has, before anything is changed: finds out what is missing there, which the
   * next generation is not blamed for. It takes no time of the trial.
   */
  settle?(change: Change): Promise<void>;
  /** Makes every process read the active generation anew; whatever was under way has ended when it resolves. */
  restart(): Promise<void>;
  /** Codes of what still keeps the unit from being healthy; none when it is. */
  missing(): Promise<readonly string[]>;
}

/** A unit has this long to become healthy with a new generation, ms. */
export const PROBATION_MS = 120_000;
const PERIOD_MS = 1_000;
/** One look at the unit may take this long, ms. */
const LOOK_MS = 5_000;

/**
 * Restarts the unit and looks at it until it is healthy or its time is over.
 * @returns what was missing at the last look; nothing when the unit has proved itself
 */
export async function runTrial(trial: Trial, clock: Clock): Promise<readonly string[]> {
  const end = clock.mono() + PROBATION_MS;
  const late = () => new Error("late");
  try {
    await within(clock, PROBATION_MS, trial.restart(), late);
  } catch {
    return ["restart"];
  }
  for (;;) {
    const missing = await within(clock, LOOK_MS, trial.missing(), late).catch(() => ["probe"]);
    if (missing.length === 0 || clock.mono() >= end) return missing;
    await clock.sleep(PERIOD_MS);
  }
}
