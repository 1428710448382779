import {
  type DeviceStatus,
  type Driver,
  deviceFault,
  type Fitness,
  type Lifecycle,
  type Session,
  type VerbKind,
} from "../contract/index.ts";
import {
  Backoff,
  type Clock,
  defer,
  defineEvents,
  err,
  type Fault,
  isFault,
  type Result,
  systemClock,
  within,
} from "../kit/index.ts";

const log = defineEvents("device", {
  lifecycle: {
    level: "info",
    what: "A device has come to another place in its life",
    fields: ["role", "lifecycle"],
  },
  trouble: { level: "warn", what: "A device failed; it is opened anew by itself", fields: ["role", "phase"] },
  recovered: {
    level: "info",
    what: "A device was recovered and is ready",
    fields: ["role", "model", "attempt"],
  },
});

export interface HostOptions<V = unknown> {
  clock?: Clock;
  /** Called with the verbs of each new session when it becomes ready: where watching begins. */
  onReady?: (verbs: V) => void;
  onStatus?: (status: DeviceStatus) => void;
  /** Shortest and longest wait between two attempts, ms. */
  backoff?: [number, number];
  random?: () => number;
}

const MAX_QUEUE = 8;
const PROBE_FAILURES = 2;

interface Job {
  kind: VerbKind;
  deviceTimeMs: number;
  run(verbs: unknown): Promise<Result<unknown>>;
  settle(result: Result<unknown>): void;
}

/**
 * Runs one device: opens it, identifies and recovers it, keeps it probed, gives it one command at a time, and opens it
 * anew for ever when it is lost. Only a session that has passed `recover` takes commands.
 */
export class DeviceHost<V> {
  readonly #driver: Driver<V>;
  readonly #clock: Clock;
  readonly #onStatus: (status: DeviceStatus) => void;
  readonly #onReady: (verbs: V) => void;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #queue: Job[] = [];
  readonly #counters: Record<string, number> = { opened: 0, failures: 0, commands: 0, overruns: 0 };
  #lifecycle: Lifecycle = "absent";
  #fitness: Fitness;
  #session: Session<V> | undefined;
  #wake = defer<void>();
  #ready = defer<void>();
  #loop: Promise<void> | undefined;
  #lastFaultCode: string | undefined;
  #lastLogged: Lifecycle | undefined;
  /** Ends the command that runs when the device is lost or the host stops. */
  #interrupt: ((fault: Fault) => void) | undefined;

  constructor(driver: Driver<V>, options: HostOptions<V> = {}) {
    this.#driver = driver;
    this.#clock = options.clock ?? systemClock;
    this.#onStatus = options.onStatus ?? (() => undefined);
    this.#onReady = options.onReady ?? (() => undefined);
    const [min, max] = options.backoff ?? [100, 5_000];
    this.#backoff = new Backoff(min, max, options.random);
    this.#fitness = { state: "ok", since: this.#clock.wall() };
  }

  get role(): string {
    return this.#driver.role;
  }

  start(): void {
    this.#loop ??= this.#live();
  }

  /** Ends the session and settles every command that waits with `device.notReady`. Idempotent. */
  async stop(): Promise<void> {
    this.#move("stopping");
    this.#stop.abort();
    this.#wake.resolve();
    await this.#loop;
  }

  status(): DeviceStatus {
    const session = this.#session;
    return {
      role: this.#driver.role,
      class: this.#driver.class,
      driver: this.#driver.name,
      lifecycle: this.#lifecycle,
      fitness: this.#fitness,
      ...(session ? { identity: session.identity, capabilities: { ...session.capabilities } } : {}),
      counters: { ...this.#counters },
    };
  }

  get lifecycle(): Lifecycle {
    return this.#lifecycle;
  }

  /** Resolves when the device is ready for commands, now or later. */
  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Queues one command. It is refused at once when the device is not there, answered `device.queueFull` behind eight
   * others, and answered `device.timeoutDevice` when it overruns; the session is then dropped and recovered anew.
   * A query whose reply was lost is asked once more; nothing else is ever repeated.
   * @param deviceTimeMs longest time of the device itself, user time included for captures
   */
  use<T>(kind: VerbKind, deviceTimeMs: number, run: (verbs: V) => Promise<Result<T>>): Promise<Result<T>> {
    if (this.#lifecycle === "misbound")
      return Promise.resolve(err(deviceFault("misbound", { role: this.role })));
    if (!this.#session || this.#stop.signal.aborted) {
      return Promise.resolve(err(deviceFault("notReady", { role: this.role, lifecycle: this.#lifecycle })));
    }
    if (this.#queue.length >= MAX_QUEUE)
      return Promise.resolve(err(deviceFault("queueFull", { role: this.role })));
    return new Promise((resolve) => {
      this.#queue.push({
        kind,
        deviceTimeMs,
        run: run as (verbs: unknown) => Promise<Result<unknown>>,
        settle: resolve as (result: Result<unknown>) => void,
      });
      this.#wake.resolve();
    });
  }

  async #live(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const fault = await this.#oneLife();
      this.#refuseQueue();
      if (this.#stop.signal.aborted) break;
      this.#fail(fault);
      await this.#clock.sleep(this.#backoff.next(), this.#stop.signal);
    }
    this.#refuseQueue();
    this.#ready.promise.catch(() => undefined);
  }

  /** From opening to the end of one session; answers why it ended. */
  async #oneLife(): Promise<Fault> {
    let session: Session<V> | undefined;
    try {
      this.#move(this.#lifecycle === "misbound" ? "misbound" : "opening");
      const opening = this.#driver.open(this.#stop.signal);
      session = await this.#bounded("open", opening).catch((error) => {
        // One that opens after its time is closed again, or its line would stay taken.
        opening.then((late) => late.close()).catch(() => undefined);
        throw error;
      });
      this.#counters.opened = (this.#counters.opened ?? 0) + 1;
      this.#move("recovering");
      await this.#bounded("recover", session.recover());
      this.#session = session;
      this.#backoff.reset();
      this.#lastFaultCode = undefined;
      this.#fitness = { state: "ok", since: this.#clock.wall() };
      this.#move("ready");
      log("recovered", { role: this.role, model: session.identity.model, attempt: this.#counters.opened });
      this.#onReady(session.verbs);
      this.#ready.resolve();
      return await this.#serve(session);
    } catch (error) {
      return isFault(error) ? error : deviceFault("fault", { role: this.role }, error);
    } finally {
      if (this.#session) this.#ready = defer();
      this.#session = undefined;
      if (session) await this.#bounded("close", session.close()).catch(() => undefined);
    }
  }

  async #serve(session: Session<V>): Promise<Fault> {
    let lost: Fault | undefined;
    void session.lost.then((fault) => {
      lost = fault;
      this.#interrupt?.(fault);
      this.#wake.resolve();
    });
    let probeFailures = 0;
    let nextProbe = this.#clock.mono() + this.#driver.probeEveryMs;
    while (!this.#stop.signal.aborted) {
      if (lost) return lost;
      const job = this.#queue.shift();
      if (job) {
        const fatal = await this.#run(session, job);
        if (fatal) return fatal;
        nextProbe = this.#clock.mono() + this.#driver.probeEveryMs;
        continue;
      }
      const wait = nextProbe - this.#clock.mono();
      if (wait > 0) {
        this.#wake = defer();
        if (this.#queue.length > 0 || lost) continue;
        const timer = new AbortController();
        await Promise.race([this.#wake.promise, this.#clock.sleep(wait, timer.signal)]);
        timer.abort();
        continue;
      }
      const failed = await this.#bounded("probe", session.probe()).then(
        () => undefined,
        (error) => (isFault(error) ? error : deviceFault("noReply", { role: this.role }, error)),
      );
      probeFailures = failed ? probeFailures + 1 : 0;
      if (failed && probeFailures >= PROBE_FAILURES) return failed;
      nextProbe = this.#clock.mono() + (failed ? 100 : this.#driver.probeEveryMs);
    }
    return deviceFault("notReady", { role: this.role });
  }

  /** Runs one command; answers a fault when the session cannot be used any more. */
  async #run(session: Session<V>, job: Job): Promise<Fault | undefined> {
    this.#move("busy");
    this.#counters.commands = (this.#counters.commands ?? 0) + 1;
    let result = await this.#attempt(session, job);
    if (!result.ok && job.kind === "query" && result.error.code === "device.noReply")
      result = await this.#attempt(session, job);
    job.settle(result);
    const fault = result.ok ? undefined : result.error;
    if (fault?.code === "device.timeoutDevice") this.#counters.overruns = (this.#counters.overruns ?? 0) + 1;
    if (fault && ENDS_SESSION.has(fault.code)) return fault;
    this.#move("ready");
    return undefined;
  }

  /** One try of a command, ended early by its time, the loss of the device, or a stop while it waits for a person. */
  async #attempt(session: Session<V>, job: Job): Promise<Result<unknown>> {
    const interrupted = defer<Result<unknown>>();
    this.#interrupt = (fault) => interrupted.resolve(err(fault));
    const stop = () => interrupted.resolve(err(deviceFault("canceled", { role: this.role })));
    const signal = this.#stop.signal;
    if (job.kind === "capture") signal.addEventListener("abort", stop, { once: true });
    try {
      const work = Promise.race([job.run(session.verbs), interrupted.promise]);
      return await within(this.#clock, job.deviceTimeMs, work, () =>
        deviceFault("timeoutDevice", { role: this.role }),
      );
    } catch (error) {
      return err(isFault(error) ? error : deviceFault("fault", { role: this.role }, error));
    } finally {
      this.#interrupt = undefined;
      signal.removeEventListener("abort", stop);
    }
  }

  async #bounded<T>(phase: string, work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    return within(this.#clock, this.#driver.deviceTimeMs, work, () =>
      deviceFault("timeoutDevice", { role: this.role, phase }),
    );
  }

  #refuseQueue(): void {
    for (const job of this.#queue.splice(0))
      job.settle(err(deviceFault("notReady", { role: this.role, lifecycle: this.#lifecycle })));
  }

  #fail(fault: Fault): void {
    this.#counters.failures = (this.#counters.failures ?? 0) + 1;
    const phase = String(fault.fields.phase ?? this.#lifecycle);
    // The same trouble again and again is one line, not a flood.
    if (fault.code !== this.#lastFaultCode) {
      log("trouble", { role: this.role, phase }, fault);
      this.#fitness = {
        state: "failed",
        code: fault.code,
        cause: fault.row.cause,
        remedy: fault.row.remedy,
        todo: fault.row.todo,
        since: this.#clock.wall(),
      };
    }
    this.#lastFaultCode = fault.code;
    this.#move(
      fault.code === "device.misbound" ? "misbound" : fault.code === "device.absent" ? "absent" : "faulted",
    );
  }

  #move(lifecycle: Lifecycle): void {
    if (this.#lifecycle === lifecycle || this.#lifecycle === "stopping") return;
    const quiet =
      lifecycle === "busy" ||
      this.#lifecycle === "busy" ||
      lifecycle === "opening" ||
      lifecycle === "recovering";
    this.#lifecycle = lifecycle;
    // A device that is looked for again and again is told once.
    if (!quiet && lifecycle !== this.#lastLogged) {
      this.#lastLogged = lifecycle;
      log("lifecycle", { role: this.role, lifecycle });
    }
    this.#onStatus(this.status());
  }
}

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
