import { setMaxListeners } from "node:events";
import type { DeviceStatus } from "../contract/index.ts";
import { type Clock, defineEvents, Mutex } from "../kit/index.ts";
import type { WireTap } from "../ports/index.ts";

const log = defineEvents("flight", {
  written: {
    level: "info",
    what: "What was said on a device's wire around a fault was written into a file of the unit",
    fields: ["role", "why", "code"],
  },
  notWritten: {
    level: "warn",
    what: "What was said on a device's wire around a fault could not be written; the device is not concerned",
    fields: ["role"],
  },
});

/** What still comes after a fault belongs to it, e.g. the answer that was too late, ms. */
const AFTER_MS = 3_000;
/** One device writes no more often, whatever happens to it, ms. */
const REST_MS = 60_000;

export interface RecorderOptions {
  tap: WireTap;
  clock: Clock;
  /** Folder of this process for its recordings. */
  folder: string;
  /** Name of this process. */
  process: string;
  version: string;
  seed?: number | undefined;
}

/**
 * Writes a file when a device comes to a fault, is wedged, or a motion's outcome is unknown: what the tap still has of it.
 * Nothing here may disturb the device: a disk that is full costs the file and a line of log.
 */
export class FlightRecorder {
  readonly #options: RecorderOptions;
  /** The fault of each device that was written, and when. */
  readonly #written = new Map<string, number>();
  readonly #faults = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #pending = new Set<Promise<void>>();
  /** One after the other: each makes room in the folder for itself. */
  readonly #writing = new Mutex();

  constructor(options: RecorderOptions) {
    this.#options = options;
    // One wait for each device that has a fault, and a unit has more than ten devices.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Called at every change of a device's standing. */
  status(device: DeviceStatus): void {
    this.#options.tap.status(device);
    const { role, fitness } = device;
    const code = fitness.state === "failed" ? (fitness.code ?? "unknown") : undefined;
    if (code === this.#faults.get(role)) return;
    if (code === undefined) this.#faults.delete(role);
    else {
      this.#faults.set(role, code);
      this.#plan(role, "fault", code);
    }
  }

  /** The outcome of a motion of this device is unknown. */
  unknownOutcome(role: string): void {
    this.#options.tap.event(role, "unknown outcome");
    this.#plan(role, "unknown");
  }

  /** The process is about to be ended because of this device: written before this returns. */
  async wedged(role: string): Promise<void> {
    this.#options.tap.event(role, "wedged");
    try {
      const { writeFlightNow } = await import("./write.ts");
      const made = await this.#make(role, "wedged");
      if (made) writeFlightNow(this.#options.folder, made.name, made.text);
      log("written", { role, why: "wedged" });
    } catch (error) {
      log("notWritten", { role }, error);
    }
  }

  /** Writes what waits to be written. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#pending);
  }

  #plan(role: string, why: string, code?: string): void {
    const { clock } = this.#options;
    const last = this.#written.get(role);
    if (this.#stop.signal.aborted || (last !== undefined && clock.mono() - last < REST_MS)) return;
    this.#written.set(role, clock.mono());
    const writing = clock
      .sleep(AFTER_MS, this.#stop.signal)
      .then(() => this.#write(role, why, code))
      .finally(() => this.#pending.delete(writing));
    this.#pending.add(writing);
  }

  async #write(role: string, why: string, code?: string): Promise<void> {
    try {
      const made = await this.#make(role, why, code);
      // A device that never was there has said nothing.
      if (!made) return;
      const { writeFlight } = await import("./write.ts");
      await this.#writing.run(() => writeFlight(this.#options.folder, made.name, made.text));
      log("written", { role, why, code });
    } catch (error) {
      log("notWritten", { role }, error);
    }
  }

  async #make(role: string, why: string, code?: string): Promise<{ name: string; text: string } | undefined> {
    const { tap, clock, process: name, version, seed } = this.#options;
    const trace = tap.trace(role);
    const said = trace?.lines.some(({ records }) => records.some(({ from }) => from !== "event"));
    if (!trace || !said) return undefined;
    const [{ flightText }, { flightName }] = await Promise.all([import("./format.ts"), import("./write.ts")]);
    const text = flightText(role, trace, {
      guichet: version,
      process: name,
      why,
      ...(code === undefined ? {} : { code }),
      ...(seed === undefined ? {} : { seed }),
      wallOffset: clock.wall() - clock.mono(),
    });
    return { name: flightName(role, clock.wall()), text };
  }
}
