import { join } from "node:path";
import type { DeviceStatus } from "../../drivers/contract/index.ts";
import { FlightRecorder } from "../../drivers/flight/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import { type Clock, VERSION } from "../../drivers/kit/index.ts";
import { WireTap } from "../../drivers/ports/index.ts";
import type { MoreMethods } from "../ipc/index.ts";

export interface DiagnosticsOptions {
  clock: Clock;
  /** State folder of the unit. */
  state: string;
  process: "vault" | "senses";
  devices(): readonly DeviceHost<unknown>[];
}

/**
 * What a process knows for who looks for a fault: the tap on its wires, the recorder that writes a file around a fault, and
 * the answers to the technician's command. Only the tap is there from the start; all else is loaded when it is needed.
 */
export class Diagnostics {
  readonly tap: WireTap;
  readonly recorder: FlightRecorder;
  readonly #options: DiagnosticsOptions;
  #ending = false;

  constructor(options: DiagnosticsOptions) {
    const { clock, state, process: name } = options;
    const seed = process.env.GUICHET_SEED;
    this.#options = options;
    this.tap = new WireTap(clock);
    this.recorder = new FlightRecorder({
      tap: this.tap,
      clock,
      folder: join(state, name, "flights"),
      process: name,
      version: VERSION,
      ...(seed && Number.isFinite(Number(seed)) ? { seed: Number(seed) } : {}),
    });
  }

  /** Called at every change of a device's standing. */
  status(device: DeviceStatus): void {
    this.recorder.status(device);
  }

  /** The methods of one connection that begin with `diagnostic.`. @param closed resolves when the connection has ended */
  methods(closed: () => Promise<void>): MoreMethods {
    let server: Promise<MoreMethods> | undefined;
    return (name) => {
      if (!name.startsWith("diagnostic.")) return Promise.resolve(undefined);
      server ??= import("./server.ts").then(({ serve }) =>
        serve({ ...this.#options, tap: this.tap, closed: closed() }),
      );
      return server.then((more) => more(name));
    };
  }

  /** Nobody knows what a motion of this device came to. */
  unknownOutcome(role: string | undefined): void {
    if (role) this.recorder.unknownOutcome(role);
  }

  /** A driver does not let go of this device: what its wire said is written before `end` ends the process. */
  wedged(role: string, end?: (role: string) => void): void {
    this.#ending = end !== undefined;
    void this.recorder.wedged(role).finally(() => end?.(role));
  }

  /** False when a wedged driver is about to end the process: whatever keeps it from that must not keep it alive. */
  healthy = (): boolean => !this.#ending;

  stop(): Promise<void> {
    return this.recorder.stop();
  }
}
