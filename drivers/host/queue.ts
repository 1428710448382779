import { deviceFault } from "../contract/index.ts";
import type { Clock, Fault } from "../kit/index.ts";
import type { Job } from "./job.ts";

/**
 * Commands that wait for one device, in order; one that is not begun in its queue time is expired. At most `limit` of those
 * that move something and as many others: what was written down as under way finds its place, however much is asked beside.
 */
export class JobQueue {
  readonly #jobs: { job: Job; timer: AbortController | undefined }[] = [];
  readonly #limit: number;
  readonly #clock: Clock;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  get size(): number {
    return this.#jobs.length;
  }

  /** False when it is full. */
  push(job: Job): boolean {
    const moves = job.options.kind === "actuate";
    const alike = this.#jobs.filter((entry) => (entry.job.options.kind === "actuate") === moves);
    if (alike.length >= this.#limit) return false;
    const { queueTimeMs } = job.options;
    const timer = queueTimeMs === undefined ? undefined : new AbortController();
    this.#jobs.push({ job, timer });
    if (timer && queueTimeMs !== undefined) {
      void this.#clock.sleep(queueTimeMs, timer.signal).then(() => {
        if (!timer.signal.aborted && this.remove(job)) job.refuse(deviceFault("expired"));
      });
    }
    return true;
  }

  shift(): Job | undefined {
    const first = this.#jobs.shift();
    first?.timer?.abort();
    return first?.job;
  }

  /** Takes a command out; false when it does not wait here any more. */
  remove(job: Job): boolean {
    const at = this.#jobs.findIndex((entry) => entry.job === job);
    if (at < 0) return false;
    this.#jobs.splice(at, 1)[0]?.timer?.abort();
    return true;
  }

  /** Refuses every command that waits and for which `which` holds. */
  refuse(fault: () => Fault, which: (job: Job) => boolean = () => true): void {
    for (const { job } of [...this.#jobs]) {
      if (which(job) && this.remove(job)) job.refuse(fault());
    }
  }
}
