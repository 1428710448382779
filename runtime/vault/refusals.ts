import type { Clock } from "../../drivers/kit/index.ts";
import { log } from "./faults.ts";
import type { Ledger } from "./ledger.ts";

/** Refusals that are written down one by one in each window; what comes beyond is counted, ms. */
const WINDOW_MS = 60_000;
const IN_FULL = 30;

/**
 * Writes refused requests into the journal. One that asks without end, which only a hijacked core does, fills neither the
 * disk nor the link: the rest of each minute is one row with a number.
 */
export class Refusals {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(ledger: Ledger, clock: Clock) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  async note(method: string, reason: string): Promise<void> {
    const now = this.#clock.mono();
    if (now - this.#since >= WINDOW_MS) {
      const beyond = this.#count - IN_FULL;
      this.#since = now;
      this.#count = 0;
      if (beyond > 0) await this.#ledger.refused("more", String(beyond));
    }
    this.#count++;
    if (this.#count > IN_FULL) return;
    log("refused", { method, reason });
    await this.#ledger.refused(method, reason);
  }
}
