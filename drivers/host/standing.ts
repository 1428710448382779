import type { DeviceStatus, Driver, Lifecycle, Session } from "../contract/index.ts";
import type { Clock, Fault, Result, SafeFields } from "../kit/index.ts";
import { DeviceEvents } from "./events.ts";
import { HealthFigures } from "./health.ts";
import { log } from "./log.ts";
import { endsSession } from "./runner.ts";
import { Trouble } from "./trouble.ts";

export interface StandingOptions {
  clock: Clock;
  boot?: string | undefined;
  queueDepth(): number;
  session(): Session<unknown> | undefined;
  onStatus: ((status: DeviceStatus) => void) | undefined;
}

/** Lifecycles that come and go while a device is looked for or works; they are no news for a log. */
const QUIET: readonly Lifecycle[] = ["busy", "opening", "identifying", "recovering"];

/** How one device stands: where it is in its life, how fit it is, its figures, and what is told of all that. */
export class Standing {
  readonly #driver: Driver<unknown>;
  readonly #options: StandingOptions;
  readonly #counters = { opened: 0, failures: 0, commands: 0, overruns: 0, wedged: 0 };
  readonly #trouble: Trouble;
  readonly health: HealthFigures;
  readonly events: DeviceEvents;
  lifecycle: Lifecycle = "absent";
  #lastLogged: Lifecycle | undefined;
  #lastTold: Partial<DeviceStatus> = {};

  constructor(driver: Driver<unknown>, options: StandingOptions) {
    this.#driver = driver;
    this.#options = options;
    const { clock, boot } = options;
    this.health = new HealthFigures(clock);
    this.events = new DeviceEvents(driver.role, clock, () => this.status(), boot);
    this.#trouble = new Trouble(driver.role, clock, this.health, this.events);
  }

  status(): DeviceStatus {
    const session = this.#options.session();
    return {
      role: this.#driver.role,
      class: this.#driver.class,
      driver: this.#driver.name,
      lifecycle: this.lifecycle,
      fitness: this.#trouble.fitness,
      ...(session ? { identity: session.identity, capabilities: { ...session.capabilities } } : {}),
      counters: { ...this.#counters },
      health: this.health.figures(this.#options.queueDepth()),
    };
  }

  move(lifecycle: Lifecycle): void {
    const former = this.lifecycle;
    if (former === lifecycle || former === "stopping") return;
    this.lifecycle = lifecycle;
    // A device that works is not told of at each command.
    if (lifecycle === "busy" || former === "busy") {
      if (lifecycle === "busy" || lifecycle === "ready") return;
    }
    // A device that is looked for again and again is told once.
    if (!QUIET.includes(lifecycle) && lifecycle !== this.#lastLogged) {
      this.#lastLogged = lifecycle;
      log("lifecycle", { role: this.#driver.role, lifecycle });
    }
    this.tell();
  }

  /** Tells how it stands now, and as an event what has changed. */
  tell(): void {
    const status = this.status();
    const { lifecycle, fitness, identity } = status;
    const delta: Partial<DeviceStatus> = {};
    if (lifecycle !== this.#lastTold.lifecycle) delta.lifecycle = lifecycle;
    if (fitness !== this.#lastTold.fitness) delta.fitness = fitness;
    if (identity && identity !== this.#lastTold.identity) {
      delta.identity = identity;
      if (status.capabilities) delta.capabilities = status.capabilities;
    }
    this.#lastTold = { lifecycle, fitness, ...(identity ? { identity } : {}) };
    if (Object.keys(delta).length > 0) this.events.tell("statusChanged", {}, { status: delta });
    this.#options.onStatus?.(status);
  }

  opened(): void {
    this.#counters.opened++;
    this.health.opened();
  }

  recovered(session: Session<unknown>, report: SafeFields): void {
    this.health.succeeded();
    this.#trouble.over();
    this.events.tell("recovered", report);
    log("recovered", {
      role: this.#driver.role,
      model: session.identity.model,
      attempt: this.#counters.opened,
    });
  }

  /** @param wait until the next attempt, ms */
  failed(fault: Fault, wait: number): void {
    this.#counters.failures++;
    this.health.failed();
    this.health.nextAttempt = this.#options.clock.wall() + wait;
    this.#trouble.failed(fault, String(fault.fields.phase ?? this.lifecycle));
  }

  begun(): void {
    this.#counters.commands++;
  }

  /** @param tookMs time on the device */
  ended(result: Result<unknown>, tookMs: number): void {
    if (result.ok) {
      this.health.succeeded(tookMs);
      if (this.#trouble.over()) this.tell();
      return;
    }
    const { error } = result;
    if (error.code === "device.timeoutDevice") this.#counters.overruns++;
    // A fault that ends the session is counted with its end.
    if (endsSession(error)) this.health.resets++;
    else if (this.#trouble.commandFailed(error)) this.tell();
  }

  wedged(phase: string): void {
    this.#counters.wedged++;
    log("wedged", { role: this.#driver.role, phase });
  }
}
