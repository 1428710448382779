import { newId } from "../../drivers/kit/index.ts";
import type { Ledger } from "./ledger.ts";

/**
 * Inputs whose alarm stays when they go back to rest: a cabinet that was opened and closed again was opened. An alarm is in
 * the ledger, so that it outlives a restart, and ends by a signed settlement that names it.
 */
export class Latches {
  readonly #ledger: Ledger;
  readonly #roles: ReadonlySet<string>;
  /** Alarms by role. */
  readonly #alarms: Map<string, string>;
  /** Roles whose alarm is being cleared; true when the input was active again meanwhile. */
  readonly #clearing = new Map<string, boolean>();

  private constructor(ledger: Ledger, roles: ReadonlySet<string>, alarms: Map<string, string>) {
    this.#ledger = ledger;
    this.#roles = roles;
    this.#alarms = alarms;
  }

  static async open(ledger: Ledger, roles: readonly string[]): Promise<Latches> {
    return new Latches(ledger, new Set(roles), await ledger.alarms());
  }

  has = (role: string): boolean => this.#roles.has(role) && this.#alarms.has(role);

  /** The input is active. Binds at once, and is durable when this resolves. */
  async note(role: string): Promise<void> {
    if (this.#clearing.has(role)) this.#clearing.set(role, true);
    if (!this.#roles.has(role) || this.#alarms.has(role)) return;
    const alarm = newId();
    this.#alarms.set(role, alarm);
    await this.#ledger.alarm(role, alarm);
  }

  /**
   * Ends the alarm that a signed settlement names; false when there is no such alarm. What happens while that is written
   * nobody has looked at: it is an alarm of its own, which binds without a gap.
   */
  async clear(role: string, alarm: string, operator: string): Promise<boolean> {
    if (this.#alarms.get(role) !== alarm || this.#clearing.has(role)) return false;
    this.#clearing.set(role, false);
    try {
      await this.#ledger.alarmCleared(role, alarm, operator);
      this.#alarms.delete(role);
    } finally {
      const again = this.#clearing.get(role);
      this.#clearing.delete(role);
      if (again) await this.note(role);
    }
    return true;
  }
}
