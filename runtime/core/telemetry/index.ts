import type { Clock } from "../../../drivers/kit/index.ts";
import { type UnitReport, up } from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Devices } from "../devices/index.ts";
import type { Health, Offer } from "../health/index.ts";
import type { Link } from "../link/index.ts";
import type { Submissions } from "../submissions/index.ts";

export interface TelemetryOptions {
  configuration: UnitConfiguration;
  devices: Devices;
  health: Health;
  submissions: Submissions;
  link: Link;
  clock: Clock;
  version: string;
  /** Offers by service id; the visit knows the services. */
  offers: () => Record<string, Offer>;
  periodMs?: number;
}

const PERIOD_MS = 60_000;
/** Changes are told together, at most this often, ms. */
const GATHER_MS = 1_000;

/** What the unit tells of itself: everything at birth, changes soon, figures every minute. Names follow OpenTelemetry. */
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #stop = new AbortController();
  #changed = false;
  #loop: Promise<void> | undefined;
  #counts = new Map<string, number>();

  constructor(options: TelemetryOptions) {
    this.#options = options;
  }

  /** Adds one to a counter such as `kiosk.visit.completed`. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  start(): void {
    const { health, submissions, link } = this.#options;
    const note = () => {
      this.#changed = true;
    };
    health.events.on("changed", note);
    submissions.events.on("changed", note);
    // A centre that has been away knows what the broker kept: the birth, and nothing that has changed since.
    let heard = false;
    link.events.on("down", () => {
      heard = false;
    });
    link.events.on("host", (online) => {
      if (online && !heard) note();
      heard = online;
    });
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  /** The whole self-description: `d` of birth. */
  birth(): UnitReport {
    const { configuration, version } = this.#options;
    return {
      ...this.#state(),
      online: true,
      version,
      site: configuration.site,
      roles: configuration.roles,
      nextBy: this.#nextBy(),
    };
  }

  #nextBy = (): number => Math.ceil((this.#options.periodMs ?? PERIOD_MS) / 1000);

  #state(): UnitReport {
    const { devices, offers } = this.#options;
    return {
      devices: devices.statuses().map(({ role, class: cls, lifecycle, fitness }) => ({
        role,
        class: cls,
        lifecycle,
        fitness: {
          state: fitness.state,
          ...(fitness.code ? { code: fitness.code } : {}),
          ...(fitness.remedy ? { remedy: fitness.remedy } : {}),
          ...(fitness.todo ? { todo: fitness.todo } : {}),
        },
      })),
      slots: devices.slots.map(({ slot, state, itemHash, latch, item, effect }) => ({
        slot,
        state,
        latch,
        item,
        ...(itemHash ? { itemHash } : {}),
        ...(effect ? { effect } : {}),
      })),
      interlocks: devices.interlocks,
      services: offers(),
    };
  }

  async #run(): Promise<void> {
    const { clock, link, configuration } = this.#options;
    const period = this.#options.periodMs ?? PERIOD_MS;
    let next = clock.mono() + period;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(GATHER_MS, this.#stop.signal);
      if (this.#changed && link.up) {
        this.#changed = false;
        await link.report(
          "state",
          up.telemetry(configuration.unit, "state"),
          { ...this.#state(), nextBy: this.#nextBy() },
          false,
          600,
        );
      }
      if (clock.mono() < next || !link.up) continue;
      next = clock.mono() + period;
      await link.report(
        "metrics",
        up.telemetry(configuration.unit, "metrics"),
        { metrics: await this.#metrics(), nextBy: this.#nextBy() },
        false,
        600,
      );
    }
  }

  async #metrics(): Promise<Record<string, number>> {
    const { devices, submissions } = this.#options;
    const pending = await submissions.pending().catch(() => ({ count: 0, rejected: 0 }));
    const metrics: Record<string, number> = {
      "process.uptime": Math.round(process.uptime()),
      "process.memory.usage": process.memoryUsage().rss,
      "kiosk.submission.queue.depth": pending.count,
      "kiosk.submission.rejected": pending.rejected,
      ...Object.fromEntries(this.#counts),
    };
    const { configuration } = this.#options;
    const asked = [
      devices.senses("sensor.read", {}),
      ...(configuration.roles.includes("collection") ? [devices.vault("sensor.read", {})] : []),
    ];
    for (const read of await Promise.all(asked)) {
      if (!read.ok) continue;
      // Two sensors of a kind are told apart by their roles.
      for (const { role, name, value, quality } of read.value.body.readings)
        if (quality === "good") metrics[name in metrics ? `${name}.${role}` : name] = value;
    }
    return metrics;
  }
}
