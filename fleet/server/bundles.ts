import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { newId } from "../../drivers/kit/index.ts";
import { dn, verifyJws } from "../contract/index.ts";
import type { Context } from "./context.ts";
import { log } from "./faults.ts";
import { writeDurable } from "./files.ts";
import type { Units } from "./units.ts";

/** A part fits into the smallest message that a broker of k1 may take. */
const PART_BYTES = 192 * 1024;

/** Sends signed bundles to units and keeps what they answer. Neither is understood here: that is for guichet-provision. */
export class Bundles {
  readonly #context: Context;
  readonly #units: Units;

  constructor(context: Context, units: Units) {
    this.#context = context;
    this.#units = units;
  }

  /** @returns false when the broker did not take all of it; sent again, it begins anew */
  send(unit: string, bundle: Uint8Array): Promise<boolean> {
    return this.sendTo((id, n, of) => dn.bundle(unit, id, n, of), bundle);
  }

  /** The same on topics of another kind. @param topic of part `n` of the `of` parts of the bundle `id` */
  async sendTo(topic: (id: string, n: number, of: number) => string, bundle: Uint8Array): Promise<boolean> {
    const id = newId(this.#context.clock.wall());
    const parts = Math.max(1, Math.ceil(bundle.length / PART_BYTES));
    for (let n = 0; n < parts; n++) {
      const part = bundle.subarray(n * PART_BYTES, (n + 1) * PART_BYTES);
      if (!(await this.#context.publish(topic(id, n, parts), part))) return false;
    }
    return true;
  }

  /** Keeps a unit's last answer, when it is signed by the key that the unit is registered with. */
  async answer(unit: string, jws: string): Promise<void> {
    const key = await this.#units.deviceKey(unit);
    const answer = key && verifyJws("guichet.answer.v1", Type.Unknown(), jws, [key]);
    if (!answer?.ok) return log("ignored", { unit, kind: "answer" });
    const folder = join(this.#context.dir, "answers");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeDurable(join(folder, `${unit}.jws`), jws);
  }
}
