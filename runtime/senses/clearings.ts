import type { ClearedRow } from "../ipc/index.ts";
import { log } from "./faults.ts";

/** A core that is away for longer than so many clearings learns of the later ones only. */
const KEPT = 64;

/** Clearings of fingerprint modules until the core takes them for its journal: they may come before it is there. */
export class Clearings {
  readonly #onNew: () => void;
  #kept: ClearedRow[] = [];

  constructor(onNew: () => void) {
    this.#onNew = onNew;
  }

  add(row: ClearedRow): void {
    log("moduleCleared", { role: row.role, why: row.why, templates: row.templates });
    this.#kept = [...this.#kept, row].slice(-KEPT);
    this.#onNew();
  }

  take(): ClearedRow[] {
    const taken = this.#kept;
    this.#kept = [];
    return taken;
  }
}
