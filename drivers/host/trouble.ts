import type { Fitness } from "../contract/index.ts";
import type { Clock, Fault } from "../kit/index.ts";
import type { DeviceEvents } from "./events.ts";
import type { HealthFigures } from "./health.ts";
import { log } from "./log.ts";

/** So many commands in a row that the device failed make it a degraded one. */
const DEGRADED_AFTER = 3;

/** Keeps how fit a device is, and tells each trouble of it once: its beginning, each tenfold of it, and its end. */
export class Trouble {
  readonly #role: string;
  readonly #clock: Clock;
  readonly #health: HealthFigures;
  readonly #events: DeviceEvents;
  fitness: Fitness;

  constructor(role: string, clock: Clock, health: HealthFigures, events: DeviceEvents) {
    this.#role = role;
    this.#clock = clock;
    this.#health = health;
    this.#events = events;
    this.fitness = { state: "ok", since: clock.wall() };
  }

  /** A session has ended by `fault`, or could not begin. */
  failed(fault: Fault, phase: string): void {
    if (this.#raise(fault)) log("trouble", { role: this.#role, phase }, fault);
    if (this.fitness.state !== "failed" || this.fitness.code !== fault.code) this.#set("failed", fault);
  }

  /** A command ended; the device goes on. Faults of persons and senders are none of the device. */
  commandFailed(fault: Fault): boolean {
    if (fault.row.cause === "user" || fault.row.cause === "software" || fault.row.cause === "security")
      return false;
    this.#health.failed();
    if (this.#health.consecutiveFailures < DEGRADED_AFTER) return false;
    this.#raise(fault);
    if (this.fitness.state === "degraded" && this.fitness.code === fault.code) return false;
    this.#set("degraded", fault);
    return true;
  }

  /** The device serves again. True when it did not before. */
  over(): boolean {
    const ended = this.#health.clear();
    if (ended) this.#events.tell("errorCleared", { ...ended });
    if (this.fitness.state === "ok") return false;
    this.fitness = { state: "ok", since: this.#clock.wall() };
    return true;
  }

  #raise(fault: Fault): boolean {
    const { code, first, last, count } = this.#health.raise(fault);
    const { remedy, cause } = fault.row;
    if (/^10*$/.test(String(count)))
      this.#events.tell("errorRaised", { code, first, last, count, remedy, cause });
    return count === 1;
  }

  #set(state: "degraded" | "failed", fault: Fault): void {
    const { cause, remedy, todo } = fault.row;
    this.fitness = { state, code: fault.code, cause, remedy, todo, since: this.#clock.wall() };
  }
}
