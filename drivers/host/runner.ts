import { deviceFault, type Session } from "../contract/index.ts";
import { type Clock, type Deferred, defer, err, type Fault, isFault, type Result } from "../kit/index.ts";
import type { Job } from "./job.ts";

/** After these nothing is known of the line or the device, so it is opened and recovered anew. */
const ENDS_SESSION = new Set([
  "device.timeoutDevice",
  "device.absent",
  "device.misbound",
  "device.noReply",
  "device.protocol",
  "device.fault",
  "device.frozen",
]);

export const endsSession = (fault: Fault): boolean => ENDS_SESSION.has(fault.code);

/** Runs one command at a time and ends it at its time, whatever the driver does. */
export class Runner {
  readonly #role: string;
  readonly #clock: Clock;
  #current: { job: Job; ended: Deferred<Result<unknown>> } | undefined;
  /** An actuate whose driver has not come back although its command was answered. */
  leftover: Promise<unknown> | undefined;

  constructor(role: string, clock: Clock) {
    this.#role = role;
    this.#clock = clock;
  }

  get current(): Job | undefined {
    return this.#current?.job;
  }

  /** Answers the running command at once: its device is gone. */
  lose(fault: Fault): void {
    this.#current?.ended.resolve(err(fault));
  }

  /** A person is not waited for when the host stops; everything else comes to its own end. */
  stop(): void {
    if (this.#current?.job.options.kind === "capture")
      this.lose(deviceFault("canceled", { role: this.#role }));
  }

  /** Runs `job` on `session`; the caller completes it with the answer. A query whose reply was lost is asked once more, nothing else ever is. */
  async run(session: Session<unknown>, job: Job): Promise<Result<unknown>> {
    job.begin();
    let result = await this.#attempt(session, job);
    if (!result.ok && job.options.kind === "query" && result.error.code === "device.noReply")
      result = await this.#attempt(session, job);
    // What was asked to end and ended without harm was ended for the reason it was asked for.
    return !result.ok && job.early && !endsSession(result.error) ? err(job.early) : result;
  }

  async #attempt(session: Session<unknown>, job: Job): Promise<Result<unknown>> {
    const { deviceTimeMs, userTimeMs, kind } = job.options;
    const ended = defer<Result<unknown>>();
    this.#current = { job, ended };
    const timers = new AbortController();
    const overrun = () => ended.resolve(err(deviceFault("timeoutDevice", { role: this.#role })));
    this.#after(deviceTimeMs + (userTimeMs ?? 0), timers.signal, overrun);
    if (userTimeMs !== undefined)
      this.#after(userTimeMs, timers.signal, () =>
        job.endEarly(deviceFault("timeoutUser", { role: this.#role })),
      );
    // One that was asked to end has its device time for that, and not a person's time on top.
    job.signal.addEventListener("abort", () => this.#after(deviceTimeMs, timers.signal, overrun), {
      once: true,
      signal: timers.signal,
    });
    const work = Promise.resolve(runOf(session, job));
    let settled = false;
    const leave = () => {
      settled = true;
    };
    work.then(leave, leave);
    try {
      return await Promise.race([work, ended.promise]);
    } catch (error) {
      return err(isFault(error) ? error : deviceFault("fault", { role: this.#role }, error));
    } finally {
      timers.abort();
      this.#current = undefined;
      if (kind === "actuate" && !settled) this.leftover = work.catch(() => undefined);
    }
  }

  #after(ms: number, signal: AbortSignal, then: () => void): void {
    void this.#clock.sleep(ms, signal).then(() => {
      if (!signal.aborted) then();
    });
  }
}

const runOf = async (session: Session<unknown>, job: Job): Promise<Result<unknown>> =>
  job.options.run(session, job.context);
