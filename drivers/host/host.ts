import {
  type Accepted,
  type CancelAnswer,
  type Command,
  type CommandContext,
  type DeviceStatus,
  type Driver,
  deviceFault,
  type Lifecycle,
  type SelfTestLevel,
  type SelfTestRecord,
  type Session,
  type VerbKind,
} from "../contract/index.ts";
import {
  Backoff,
  type Clock,
  defer,
  err,
  type Fault,
  ok,
  type Result,
  type SafeFields,
  systemClock,
} from "../kit/index.ts";
import { Desk } from "./desk.ts";
import type { Subscription } from "./events.ts";
import type { GateState } from "./gate.ts";
import type { Job, JobOptions } from "./job.ts";
import { Life } from "./life.ts";
import { log } from "./log.ts";
import type { HostOptions, SelfTestOptions, UseOptions } from "./options.ts";
import { endsSession } from "./runner.ts";
import { recordOf, SELF_TEST_KINDS, testItself } from "./selftest.ts";
import { Standing } from "./standing.ts";

/** The longest leaves a device that needs three seconds for its start within the five in which it is to serve again. */
const BACKOFF: [number, number] = [100, 2_000];

type Run<V, T> = (verbs: V, context: CommandContext) => Promise<Result<T>>;

/**
 * Runs one device: its life, its commands one at a time, its figures and events. Only a session that has passed
 * `recover` takes commands; every command that is accepted is completed exactly once, whatever happens.
 */
export class DeviceHost<V> {
  readonly #driver: Driver<V>;
  readonly #clock: Clock;
  readonly #options: HostOptions<V>;
  readonly #desk: Desk;
  readonly #standing: Standing;
  readonly #life: Life<V>;
  #ready = defer<void>();
  #isReady = false;
  #disabled: boolean;
  #tests = false;
  /** Aborted when maintenance ends. */
  #maintenance: AbortController | undefined;

  constructor(driver: Driver<V>, options: HostOptions<V> = {}) {
    const { clock = systemClock, boot, onStatus, backoff = BACKOFF, random } = options;
    this.#driver = driver;
    this.#options = options;
    this.#clock = clock;
    this.#desk = new Desk({
      role: driver.role,
      clock,
      results: options.results,
      gate: () => this.#gate(),
      interlocked: (fault, transaction) =>
        this.#standing.events.tell("interlocked", fault.fields, transaction ? { transaction } : {}),
      wake: () => this.#life.wake(),
    });
    this.#standing = new Standing(driver, {
      clock,
      boot,
      onStatus,
      queueDepth: () => this.#desk.waiting,
      session: () => this.#life.session,
    });
    this.#life = new Life(driver, clock, new Backoff(...backoff, random), this.#desk.runner, {
      moved: (lifecycle) => this.#standing.move(lifecycle),
      opened: () => this.#standing.opened(),
      recovered: (session, report) => this.#recovered(session, report),
      gone: () => this.#gone(),
      failed: (fault, wait) => this.#standing.failed(fault, wait),
      probed: () => this.#standing.health.succeeded(),
      next: () => this.#desk.next(),
      perform: (session, job) => this.#perform(session, job),
      wedged: (phase) => {
        this.#standing.wedged(phase);
        options.onWedged?.(driver.role);
      },
    });
    this.#disabled = options.disabled ?? false;
    if (this.#disabled) this.disable();
  }

  get role(): string {
    return this.#driver.role;
  }

  get lifecycle(): Lifecycle {
    return this.#standing.lifecycle;
  }

  start(): void {
    this.#life.start();
  }

  /** Ends the session and settles every command that waits with `device.notReady`. Idempotent. */
  async stop(): Promise<void> {
    this.#standing.move("stopping");
    this.#maintenance?.abort();
    await this.#life.stop();
    this.#standing.events.end();
  }

  status(): DeviceStatus {
    return this.#standing.status();
  }

  /** Resolves when the device is ready for commands of the public, now or later. */
  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  /** Reads the events of this device from now on; begin with `status()`. */
  subscribe(buffer?: number): Subscription {
    return this.#standing.events.subscribe(buffer);
  }

  /**
   * Tells an event of the device's own, e.g. a door's edge.
   * @throws TypeError for one that its session does not declare
   */
  tell(name: string, fields: SafeFields = {}, transaction?: string): void {
    const session = this.#life.session;
    if (session && !session.events?.includes(name))
      throw new TypeError(`${this.#driver.name} has no event ${name}`);
    if (session) this.#standing.events.tell(name, fields, transaction === undefined ? {} : { transaction });
  }

  /**
   * Takes a command, or refuses it at once. One of the same id and parameters is the same command: it is not run again.
   * Errors: `device.conflict`, `misbound`, `notReady`, `unsupported`, `expired`, `interlocked`, `queueFull`.
   */
  submit<T>(command: Command, run: Run<V, T>): Result<Accepted<T>> {
    // The same command has the same type of result.
    return this.#desk.submit(command, runOn(run)) as Result<Accepted<T>>;
  }

  /**
   * Cancels a command by its id. What has passed its commit point, and what is a query or a setting, is not stopped.
   */
  cancel(id: string): Promise<CancelAnswer> {
    return this.#desk.cancel(id);
  }

  /**
   * Queues one command without an id, which its caller never sends again. It is refused at once when the device is not
   * there, answered `device.queueFull` behind eight others (what moves is counted by itself), and `device.timeoutDevice`
   * when it overruns; the session is then dropped and recovered anew. A query whose reply was lost is asked once more;
   * nothing else is ever repeated.
   * @param deviceTimeMs longest time of the device itself, user time included for captures
   */
  async use<T>(
    kind: VerbKind,
    deviceTimeMs: number,
    run: Run<V, T>,
    { purpose = "public" }: UseOptions = {},
  ): Promise<Result<T>> {
    const options = { id: "", kind, deviceTimeMs, purpose, run: runOn(run) };
    const job = this.#desk.take(options, options);
    return job.ok ? ((await job.value.completion).result as Result<T>) : job;
  }

  /**
   * The last word before a motion's first byte: who redeems its token calls this in the same breath, since what was free
   * when the command began may not be any more when its driver comes to the byte.
   * @throws Fault `device.interlocked`, or `device.canceled` when no command runs any more; nothing must then be sent
   */
  permit(): void {
    this.#desk.permit();
  }

  /**
   * Has the device test itself and keeps what was found. `external` and `interactive` need maintenance.
   * @param ask shows a technician what to do now
   */
  async selfTest(level: SelfTestLevel, options: SelfTestOptions = {}): Promise<Result<SelfTestRecord>> {
    if (level !== "internal" && !this.#maintenance)
      return err(deviceFault("notReady", { role: this.role, why: "noMaintenance" }));
    // A second one would find nothing else, and take a place from what the device is there for.
    if (this.#tests) return err(deviceFault("busy", { role: this.role, why: "selfTest" }));
    this.#tests = true;
    try {
      return await this.#test(level, options);
    } finally {
      this.#tests = false;
    }
  }

  async #test(level: SelfTestLevel, options: SelfTestOptions): Promise<Result<SelfTestRecord>> {
    const { ask = () => undefined, token, deviceTimeMs = this.#driver.deviceTimeMs, userTimeMs } = options;
    const asked = { kind: SELF_TEST_KINDS[level], purpose: "staff" } as const;
    const job = this.#desk.take(asked, {
      ...asked,
      id: "",
      deviceTimeMs,
      userTimeMs,
      run: (session, { signal }) => testItself(session, level, { signal, ask, ...(token ? { token } : {}) }),
    });
    if (!job.ok) return job;
    // What the session's own test answers, by its type.
    const result = (await job.value.completion).result as Result<SelfTestRecord["findings"]>;
    if (!result.ok && result.error.code === "device.unsupported") return result;
    const record = recordOf(result, this.#clock.wall());
    this.#standing.health.tested(level, record);
    log("selfTest", { role: this.role, level, passed: record.passed });
    this.#standing.tell();
    return ok(record);
  }

  /**
   * Takes the device out of service for staff: waiting commands of others are refused, a capture that runs is ended.
   * @param limitMs it goes back to service by itself after this
   */
  beginMaintenance(limitMs: number): void {
    if (this.#maintenance || this.#life.stopping) return;
    const maintenance = new AbortController();
    this.#maintenance = maintenance;
    this.#notReady();
    this.#desk.dismiss((job) => job.options.purpose !== "staff");
    if (this.lifecycle === "ready") this.#standing.move("maintenance");
    void this.#clock.sleep(limitMs, maintenance.signal).then(() => this.#endMaintenance(maintenance));
  }

  /** Goes back to service, by way of `recovering`: nobody knows what was done to the device. */
  endMaintenance(): void {
    this.#endMaintenance(this.#maintenance);
  }

  #endMaintenance(which: AbortController | undefined): void {
    if (!which || which !== this.#maintenance) return;
    this.#maintenance = undefined;
    which.abort();
    this.#life.renew();
  }

  /** Opens and recovers the device anew after the command that runs: nobody knows how it is. */
  renew(): void {
    if (this.#life.stopping) return;
    this.#notReady();
    this.#life.renew();
  }

  /** Closes the device after the command that runs, and leaves it alone until `enable`. */
  disable(): void {
    this.#disabled = true;
    this.#notReady();
    this.#desk.dismiss(() => true);
    if (!this.#life.session) this.#standing.move("disabled");
    this.#life.enable(false);
  }

  enable(): void {
    this.#disabled = false;
    this.#life.enable(true);
  }

  #gate(): GateState {
    return {
      role: this.role,
      clock: this.#clock,
      lifecycle: this.#disabled ? "disabled" : this.lifecycle,
      session: this.#life.session,
      maintenance: this.#maintenance !== undefined,
      interlocks: this.#options.interlocks,
      wallClockIsSet: this.#options.wallClockIsSet ?? (() => true),
    };
  }

  async #perform(session: Session<V>, job: Job): Promise<Fault | undefined> {
    if (!this.#maintenance) this.#standing.move("busy");
    this.#standing.begun();
    const begun = this.#clock.mono();
    const result = await this.#desk.run(session, job);
    this.#standing.ended(result, this.#clock.mono() - begun);
    const fatal = !result.ok && endsSession(result.error) ? result.error : undefined;
    // Whoever hears of the end of the command must find the device as it is then.
    if (fatal) {
      this.#life.drop();
      this.#notReady();
    } else this.#standing.move(this.#maintenance ? "maintenance" : "ready");
    job.finish(result);
    return fatal;
  }

  #recovered(session: Session<V>, report: SafeFields): void {
    this.#standing.recovered(session, report);
    this.#standing.move(this.#maintenance ? "maintenance" : "ready");
    this.#options.onReady?.(session.verbs);
    if (this.#maintenance) return;
    this.#isReady = true;
    this.#ready.resolve();
  }

  #gone(): void {
    this.#notReady();
    this.#desk.refuseWaiting();
  }

  #notReady(): void {
    if (this.#isReady) this.#ready = defer();
    this.#isReady = false;
  }
}

const runOn =
  <V, T>(run: Run<V, T>): JobOptions["run"] =>
  (session, context) =>
    run((session as Session<V>).verbs, context);
