import { type Driver, deviceFault, type Lifecycle, type Session } from "../contract/index.ts";
import {
  type Backoff,
  Bell,
  type Clock,
  defer,
  type Fault,
  isFault,
  type SafeFields,
  within,
} from "../kit/index.ts";
import type { Job } from "./job.ts";
import type { Runner } from "./runner.ts";

const PROBE_FAILURES = 2;
const PROBE_AGAIN_MS = 100;
/** A session that was shorter than this does not make the next attempt an early one: a crash loop slows down. */
const STEADY_MS = 10_000;

/** What the life of a device tells and asks the host. */
export interface LifeHooks<V> {
  moved(lifecycle: Lifecycle): void;
  opened(): void;
  recovered(session: Session<V>, report: SafeFields): void;
  /** The session is gone; commands that wait for it are refused. */
  gone(): void;
  failed(fault: Fault, nextAttemptMs: number): void;
  probed(): void;
  /** The next command that may begin now. */
  next(): Job | undefined;
  /** Runs it; answers a fault when the session cannot be used any more. */
  perform(session: Session<V>, job: Job): Promise<Fault | undefined>;
  wedged(phase: string): void;
}

/**
 * Opens a device, identifies and recovers it, keeps it probed and gives it its commands, and begins anew for ever when it
 * is lost. Every step has an end in time, also when a driver never answers.
 */
export class Life<V> {
  readonly #driver: Driver<V>;
  readonly #clock: Clock;
  readonly #hooks: LifeHooks<V>;
  readonly #runner: Runner;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #bell = new Bell();
  /** Ends the wait before the next attempt. */
  #waiting = new AbortController();
  #renew = false;
  #enabled = true;
  #misbound = false;
  #loop: Promise<void> | undefined;
  /** What a driver of a former session has not let go of, and until when it may (monotonic, ms). */
  #leftovers: { phase: string; work: Promise<unknown>; until: number }[] = [];
  session: Session<V> | undefined;

  constructor(driver: Driver<V>, clock: Clock, backoff: Backoff, runner: Runner, hooks: LifeHooks<V>) {
    this.#driver = driver;
    this.#clock = clock;
    this.#backoff = backoff;
    this.#runner = runner;
    this.#hooks = hooks;
  }

  get stopping(): boolean {
    return this.#stop.signal.aborted;
  }

  start(): void {
    this.#loop ??= this.#live();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#runner.stop();
    this.wake();
    this.#retryNow();
    await this.#loop;
  }

  /** Takes no more commands for this session, which is about to end. */
  drop(): void {
    this.session = undefined;
  }

  /** Looks at the queue again. */
  wake(): void {
    this.#bell.ring();
  }

  /** Makes the next attempt now. */
  #retryNow(): void {
    this.#waiting.abort();
  }

  /** Ends the session after the command that runs, and recovers the device in a new one. */
  renew(): void {
    this.#renew = true;
    this.wake();
  }

  enable(enabled: boolean): void {
    this.#enabled = enabled;
    this.wake();
    this.#retryNow();
  }

  async #live(): Promise<void> {
    while (!this.stopping) {
      if (!this.#enabled) {
        this.#hooks.moved("disabled");
        await this.#pause();
        continue;
      }
      const begun = this.#clock.mono();
      const { fault, session } = await this.#oneLife();
      this.#hooks.gone();
      // Told before it is closed, which may take long of a device that is not there.
      const wait = fault && !this.stopping ? this.#failed(fault, begun) : undefined;
      if (session) await this.#close(session);
      if (wait !== undefined) await this.#pause(wait);
    }
    this.#hooks.gone();
  }

  /** Tells that an attempt or a session ended by `fault`; answers how long to wait before the next, ms. */
  #failed(fault: Fault, begun: number): number {
    if (this.#clock.mono() - begun >= STEADY_MS) this.#backoff.reset();
    const wait = this.#backoff.next();
    this.#misbound = fault.code === "device.misbound";
    this.#hooks.failed(fault, wait);
    this.#hooks.moved(this.#misbound ? "misbound" : fault.code === "device.absent" ? "absent" : "faulted");
    return wait;
  }

  /** @param ms without it until somebody asks for the next attempt */
  async #pause(ms?: number): Promise<void> {
    this.#waiting = new AbortController();
    if (this.stopping) return;
    const { signal } = this.#waiting;
    await (ms === undefined ? aborted(signal) : this.#clock.sleep(ms, signal));
  }

  /** From opening to the end of one session, which is still to be closed; says why it ended, unless that was wanted. */
  async #oneLife(): Promise<{ fault?: Fault | undefined; session?: Session<V> | undefined }> {
    this.#renew = false;
    let session: Session<V> | undefined;
    try {
      await this.#freed();
      // One that answers as another device than ours stays `misbound` until ours was identified.
      if (!this.#misbound) this.#hooks.moved("opening");
      session = await this.#open();
      if (!this.#misbound) this.#hooks.moved("identifying");
      this.#identify(session);
      this.#misbound = false;
      this.#hooks.moved("recovering");
      const report = await this.#bounded("recover", session.recover());
      if (this.stopping || !this.#enabled) return { session };
      this.session = session;
      this.#hooks.recovered(session, report);
      return { fault: await this.#serve(session), session };
    } catch (error) {
      const fault = isFault(error) ? error : deviceFault("fault", { role: this.#driver.role }, error);
      return { fault, session };
    } finally {
      this.session = undefined;
    }
  }

  async #open(): Promise<Session<V>> {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    this.#stop.signal.addEventListener("abort", stop, { once: true });
    const opening = this.#driver.open(attempt.signal);
    try {
      const session = await this.#bounded("open", opening);
      this.#hooks.opened();
      return session;
    } catch (error) {
      attempt.abort();
      // One that opens after its time is closed again, or its line would stay taken.
      this.#leave(
        "open",
        opening.then((late) => late.close()),
      );
      throw error;
    } finally {
      this.#stop.signal.removeEventListener("abort", stop);
    }
  }

  /** Before anything is sent to it: is this the device of the configuration? */
  #identify({ identity }: Session<V>): void {
    const { expected, role } = this.#driver;
    for (const part of ["model", "serial"] as const) {
      if (expected?.[part] !== undefined && expected[part] !== identity[part])
        throw deviceFault("misbound", { role, part });
    }
  }

  async #serve(session: Session<V>): Promise<Fault | undefined> {
    const gone = defer<Fault>();
    let lost: Fault | undefined;
    void session.lost.then((fault) => {
      lost = fault;
      gone.resolve(fault);
      if (this.session === session) this.#runner.lose(fault);
      this.wake();
    });
    let probeFailures = 0;
    let nextProbe = this.#clock.mono() + this.#driver.probeEveryMs;
    while (!this.stopping && this.#enabled && !this.#renew) {
      if (lost) return lost;
      const job = this.#hooks.next();
      if (job) {
        const fatal = await this.#hooks.perform(session, job);
        if (fatal) return fatal;
        nextProbe = this.#clock.mono() + this.#driver.probeEveryMs;
        continue;
      }
      const wait = nextProbe - this.#clock.mono();
      if (wait > 0) {
        await this.#bell.wait(this.#clock, wait);
        continue;
      }
      const failed = await this.#probe(session, gone.promise);
      if (failed && (++probeFailures >= PROBE_FAILURES || !SILENT.has(failed.code))) return failed;
      if (!failed) {
        probeFailures = 0;
        this.#hooks.probed();
      }
      nextProbe = this.#clock.mono() + (failed ? PROBE_AGAIN_MS : this.#driver.probeEveryMs);
    }
    return undefined;
  }

  #probe(session: Session<V>, gone: Promise<Fault>): Promise<Fault | undefined> {
    return Promise.race([
      gone,
      this.#bounded("probe", session.probe()).then(
        () => undefined,
        (error) => (isFault(error) ? error : deviceFault("noReply", { role: this.#driver.role }, error)),
      ),
    ]);
  }

  async #close(session: Session<V>): Promise<void> {
    const closing = session.close();
    // One that did not close in its time has had it.
    await this.#bounded("close", closing).catch(() => this.#leave("close", closing, 0));
    const actuate = this.#runner.leftover;
    this.#runner.leftover = undefined;
    if (actuate) this.#leave("actuate", actuate);
  }

  #leave(phase: string, work: Promise<unknown>, ms = this.#driver.deviceTimeMs): void {
    const leftover = { phase, work: work.catch(() => undefined), until: this.#clock.mono() + ms };
    this.#leftovers.push(leftover);
    void leftover.work.then(() => {
      this.#leftovers = this.#leftovers.filter((other) => other !== leftover);
    });
  }

  /**
   * Waits until drivers of former sessions have let go: two that hold one device could move it twice. Who does not in
   * the device's time is wedged, and the process is to be ended; where it is not, the device is tried again all the same.
   */
  async #freed(): Promise<void> {
    const left = this.#leftovers;
    if (left.length === 0) return;
    const all = Promise.all(left.map(({ work }) => work));
    const wait = Math.max(0, ...left.map(({ until }) => until - this.#clock.mono()));
    const late = () => deviceFault("timeoutDevice", { role: this.#driver.role, phase: "free" });
    await within(this.#clock, wait, Promise.race([all, aborted(this.#stop.signal)]), late).catch(() => {
      this.#leftovers = [];
      for (const { phase } of left) this.#hooks.wedged(phase);
    });
  }

  async #bounded<T>(phase: string, work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    return within(this.#clock, this.#driver.deviceTimeMs, work, () =>
      deviceFault("timeoutDevice", { role: this.#driver.role, phase }),
    );
  }
}

/** Of these a single failed probe proves little. */
const SILENT = new Set(["device.noReply", "device.timeoutDevice", "device.protocol", "device.busy"]);

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
