import type { Camera, Still } from "../../drivers/contract/index.ts";
import type { DeviceHost } from "../../drivers/host/index.ts";
import { type Clock, defer, type Result } from "../../drivers/kit/index.ts";
import { captured } from "./capturing.ts";

/** A live view has no end of its own; that it still moves is watched by the driver. */
const VIEW_LIMIT_MS = 24 * 3_600_000;
const RETRY_MS = 300;

/**
 * One camera, shared: its live view runs while anybody looks, is given to all who look, and makes way for a still, since the
 * camera command can do one or the other. After a trouble the view comes back by itself.
 */
export class CameraView {
  readonly #host: DeviceHost<Camera>;
  readonly #clock: Clock;
  /** Longest time of the device for one still, ms. */
  readonly #stillMs: number;
  readonly #viewers = new Map<unknown, (jpeg: Uint8Array) => void>();
  #stills = 0;
  #stopped = false;
  #change = defer<void>();
  #run: AbortController | undefined;
  #loop: Promise<void> | undefined;

  constructor(host: DeviceHost<Camera>, clock: Clock, stillMs: number) {
    this.#host = host;
    this.#clock = clock;
    this.#stillMs = stillMs;
  }

  /** Gives frames to `who` until `leave(who)`; the same `who` twice counts once. Nothing comes after `stop`. */
  watch(who: unknown, onFrame: (jpeg: Uint8Array) => void): void {
    if (this.#stopped) return;
    this.#viewers.set(who, onFrame);
    this.#loop ??= this.#live();
    this.#changed();
  }

  leave(who: unknown): void {
    if (!this.#viewers.delete(who)) return;
    if (this.#viewers.size === 0) this.#run?.abort();
    this.#changed();
  }

  /** A still; the live view stops for it and goes on after it. */
  async still(signal: AbortSignal): Promise<Result<Still>> {
    this.#stills++;
    this.#run?.abort();
    try {
      const still = { verb: "still", deviceTimeMs: this.#stillMs };
      return await captured(this.#host, still, signal, (camera, own) => camera.still({ signal: own }));
    } finally {
      this.#stills--;
      this.#changed();
    }
  }

  /** Ends the view for everybody and for good: one who came later would keep the last wait from ending. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#viewers.clear();
    this.#run?.abort();
    this.#changed();
    await this.#loop;
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = defer();
  }

  async #live(): Promise<void> {
    while (this.#viewers.size > 0) {
      const change = this.#change.promise;
      if (this.#stills > 0) {
        await change;
        continue;
      }
      await Promise.race([this.#host.whenReady(), change]);
      if (this.#stills > 0 || this.#viewers.size === 0 || this.#host.lifecycle === "stopping") continue;
      const run = new AbortController();
      this.#run = run;
      const ended = await this.#host.use("capture", VIEW_LIMIT_MS, (camera) =>
        camera.preview((jpeg) => this.#show(jpeg), run.signal),
      );
      this.#run = undefined;
      if (!ended.ok && !run.signal.aborted)
        await Promise.race([this.#clock.sleep(RETRY_MS), this.#change.promise]);
    }
    this.#loop = undefined;
  }

  #show(jpeg: Uint8Array): void {
    for (const onFrame of [...this.#viewers.values()]) onFrame(jpeg);
  }
}
