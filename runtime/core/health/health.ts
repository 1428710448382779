import { type DeviceStatus, GRADES, type Grade } from "../../../drivers/contract/index.ts";
import { type Clock, defineEvents, Emitter } from "../../../drivers/kit/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Store } from "../store/index.ts";
import { type HoursState, holidaysKnown, hoursAt } from "./hours.ts";

/** What a service needs of the unit, from its document. */
export interface Needs {
  role: "submission" | "collection";
  /** Device roles, with the grade they must have. */
  devices: { role: string; grade?: Grade }[];
  /** Staff services are offered whatever the hours. */
  always?: boolean;
}

export interface Offer {
  offered: boolean;
  /** Codes of what is missing: `device.<role>`, `hours.closed`, `store`, `space`, `vault`, `interlock.<role>`. */
  missing: string[];
}

const PROBE_MS = 5_000;
/** A commit that takes longer than this, with the wait before it, has neither worked nor failed, ms. */
const HANGS_MS = 20_000;
/** A store that has died stays so in this process; after this time a new one begins, ms. Each start is a try, not a storm. */
const ANEW_AFTER_MS = 30_000;
/** So long at most a visit keeps that from happening, ms: its receipt is on the screen and nowhere else. */
const ANEW_AT_LAST_MS = 10 * 60_000;
/**
 * Free space on the disk of the store below which nothing is taken in, bytes: four of the largest packets, so that what is
 * under way is kept, and store and link go on.
 */
export const LEAST_FREE = 64 * 1024 * 1024;

export interface HealthOptions {
  configuration: UnitConfiguration;
  devices: Devices;
  store: Store;
  clock: Clock;
  /** Free bytes on the disk of the store. */
  free: () => Promise<number>;
}

const log = defineEvents("health", {
  store: { level: "error", what: "Whether the store can write has changed", fields: ["writes"] },
  space: {
    level: "error",
    what: "Whether the disk has room for submissions has changed; without it none is taken in",
    fields: ["enough"],
  },
  holidaysUnknown: {
    level: "warn",
    what: "The list of general holidays does not cover this year; the unit may be open on one",
    fields: ["year"],
  },
});

/** Decides from devices, hours and store which services can be offered now. */
export class Health {
  readonly #configuration: UnitConfiguration;
  readonly #devices: Devices;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #free: () => Promise<number>;
  readonly #stop = new AbortController();
  #storeWrites = true;
  #room = true;
  /** When the store died. */
  #died: number | undefined;
  /** When the last probe of the store had an answer, good or not. */
  #probed: number | undefined;
  #loop: Promise<void> | undefined;
  readonly events = new Emitter<{ changed: undefined }>();

  constructor(options: HealthOptions) {
    this.#configuration = options.configuration;
    this.#devices = options.devices;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#free = options.free;
    void this.#store.failed.then(() => {
      this.#died = this.#clock.mono();
    });
    this.#devices.events.on("changed", () => this.events.emit("changed", undefined));
  }

  start(): void {
    this.#probed ??= this.#clock.mono();
    this.#loop ??= this.#probe();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /**
   * False when a probe of the store hangs, and some time after the store has died: only a new start opens it again, also when
   * the disk has long had room.
   * @param inVisit whether a person is served now, who is let finish
   */
  alive = (inVisit = false): boolean => {
    const now = this.#clock.mono();
    if (this.#died !== undefined && now - this.#died >= (inVisit ? ANEW_AT_LAST_MS : ANEW_AFTER_MS))
      return false;
    return this.#probed === undefined || now - this.#probed < HANGS_MS;
  };

  hours = (): HoursState => hoursAt(this.#configuration.hours, this.#clock.wall());
  holidaysKnown = (): boolean => holidaysKnown(this.#configuration.hours, this.#clock.wall());

  /** What stands in the way of a service now; nothing when it is offered. */
  offers(needs: Needs): Offer {
    const missing: string[] = [];
    if (!this.#configuration.roles.includes(needs.role)) missing.push("role");
    if (!this.#storeWrites) missing.push("store");
    if (needs.role === "submission" && !this.#room) missing.push("space");
    if (needs.role === "collection" && !this.#devices.vaultReady) missing.push("vault");
    if (needs.role === "collection" && !needs.always)
      missing.push(...this.#interlocks().map((name) => `interlock.${name}`));
    for (const { role, grade } of needs.devices) {
      const status = this.#devices.status(role);
      if (!isReady(status) || status.fitness.state === "failed") missing.push(`device.${role}`);
      else if (grade && !atLeast(status.capabilities?.grade, grade)) missing.push(`grade.${role}`);
    }
    if (!needs.always && this.hours().state === "closed") missing.push("hours.closed");
    return { offered: missing.length === 0, missing };
  }

  /** What would have the vault refuse every hand-over. Staff are told in their exchange, where they close what is open. */
  #interlocks(): string[] {
    // A vault that is away has said nothing.
    if (!this.#devices.vaultReady) return [];
    const unread = this.#configuration.interlocks.filter((name) => {
      const status = this.#devices.status(name);
      return status && !isReady(status);
    });
    return [...new Set([...this.#devices.interlocks, ...unread])];
  }

  /** A durable commit every few seconds: a store that cannot write closes the unit before a person begins. */
  async #probe(): Promise<void> {
    let warned: number | undefined;
    while (!this.#stop.signal.aborted) {
      const year = new Date(this.#clock.wall()).getUTCFullYear();
      if (!this.holidaysKnown() && warned !== year) {
        warned = year;
        log("holidaysUnknown", { year });
      }
      const writes = await this.#store.probe().then(
        () => true,
        () => false,
      );
      // A disk that does not say how much it has is judged by the probe alone.
      const room = await this.#free().then(
        (bytes) => bytes >= LEAST_FREE,
        () => true,
      );
      this.#probed = this.#clock.mono();
      const hoursBefore = this.hours().state;
      if (writes !== this.#storeWrites) {
        this.#storeWrites = writes;
        log("store", { writes });
        this.events.emit("changed", undefined);
      }
      if (room !== this.#room) {
        this.#room = room;
        log("space", { enough: room });
        this.events.emit("changed", undefined);
      }
      await this.#clock.sleep(PROBE_MS, this.#stop.signal);
      if (this.hours().state !== hoursBefore) this.events.emit("changed", undefined);
    }
  }
}

const isReady = (status: DeviceStatus | undefined): status is DeviceStatus =>
  status?.lifecycle === "ready" || status?.lifecycle === "busy";

function atLeast(has: unknown, needed: Grade): boolean {
  return GRADES.indexOf(has as Grade) >= GRADES.indexOf(needed);
}
