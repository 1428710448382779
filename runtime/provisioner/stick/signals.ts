import { type Clock, defineEvents } from "../../../drivers/kit/index.ts";
import { type Pattern, STICK_SIGNALS, type StickNotice } from "../../../provisioning/stick/index.ts";

const log = defineEvents("signal", {
  failed: {
    level: "warn",
    what: "Light or sounder at the service port does not answer, or cannot be opened; the unit goes on without it",
    fields: ["part"],
  },
});

/** What keeps a light or a sounder from being used keeps nothing else from working. */
export const silent = (part: "light" | "sounder", error: unknown): undefined => {
  log("failed", { part }, error);
};

/** Switches one output on or off. */
export type Switch = (on: boolean) => Promise<void>;

/** Plays on light and sounder what the screen says, for a unit whose screen is not up. Either may be absent. */
export class Signals {
  readonly #parts: { light: Switch | undefined; sounder: Switch | undefined };
  readonly #clock: Clock;
  #playing = new AbortController();
  #done: Promise<unknown> = Promise.resolve();

  constructor(parts: { light?: Switch | undefined; sounder?: Switch | undefined }, clock: Clock) {
    this.#parts = { light: parts.light, sounder: parts.sounder };
    this.#clock = clock;
  }

  /** Ends what is played and plays this; undefined is dark and silent. */
  show(notice: StickNotice | undefined): void {
    this.#playing.abort();
    const playing = new AbortController();
    this.#playing = playing;
    const signal = notice && STICK_SIGNALS[notice.state];
    this.#done = this.#done.then(() =>
      Promise.all([
        this.#play("light", signal?.light, playing.signal),
        this.#play("sounder", signal?.sounder, playing.signal),
      ]),
    );
  }

  async stop(): Promise<void> {
    this.show(undefined);
    await this.#done;
  }

  async #play(part: "light" | "sounder", pattern: Pattern | undefined, signal: AbortSignal): Promise<void> {
    const output = this.#parts[part];
    if (!output) return;
    try {
      for (let left = pattern?.times ?? Number.POSITIVE_INFINITY; pattern && left > 0; left--) {
        if (signal.aborted) break;
        await output(true);
        await this.#clock.sleep(pattern.on, signal);
        if (pattern.off === 0) continue;
        await output(false);
        await this.#clock.sleep(pattern.off, signal);
      }
      await output(false);
    } catch (error) {
      silent(part, error);
    }
  }
}
