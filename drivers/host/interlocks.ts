import type { Interlock, InterlockState, Purpose } from "../contract/index.ts";

/**
 * The interlocks of a unit and their last known states. Asked when a command begins, and again when its token is redeemed,
 * which is without any wait before the first byte. A state that was never told is unknown.
 */
export class InterlockBoard {
  readonly declared: readonly Interlock[];
  readonly #states = new Map<string, () => InterlockState>();

  constructor(declared: readonly Interlock[]) {
    this.declared = declared;
  }

  /** @throws TypeError for a name that is not declared: its state would bind nobody */
  set(name: string, state: InterlockState): void {
    this.follow(name, () => state);
  }

  /** Takes the state from `now`, which knows it at any time. @throws TypeError as `set` */
  follow(name: string, now: () => InterlockState): void {
    if (!this.declared.some((interlock) => interlock.name === name))
      throw new TypeError(`no interlock ${name}`);
    this.#states.set(name, now);
  }

  /** Names of what forbids motion for `purpose` now. */
  forbidding(purpose: Purpose): string[] {
    return this.declared
      .filter((interlock) => {
        if (purpose === "safety" || !interlock.forbids.includes(purpose)) return false;
        const state = this.#states.get(interlock.name)?.() ?? "unknown";
        return state === "active" || (state === "unknown" && interlock.forbidsUnknown);
      })
      .map(({ name }) => name);
  }
}
