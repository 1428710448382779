import { err, isFault, ok, type Result } from "../../drivers/kit/index.ts";
import { itemHashOf } from "../../fleet/contract/index.ts";
import { binEmptied, fill } from "./card-ledger.ts";
import { vaultFault } from "./faults.ts";
import type { MotionContext } from "./motion.ts";
import type { Papers } from "./papers.ts";

/** Staff at a dispenser: what they lay into a magazine, and the bin that they empty. Nothing moves by itself. */
export class MagazineExchange {
  readonly #motion: MotionContext;
  readonly #papers: Papers;

  constructor(motion: MotionContext, papers: Papers) {
    this.#motion = motion;
    this.#papers = papers;
  }

  /** The magazine holds exactly these now, the first comes out first; each under its own assignment. */
  async fill(
    slot: string,
    items: readonly { item: string; assignment: string }[],
    about: { exchange: string; operator: string },
  ): Promise<Result<{ items: number }>> {
    const { dispensers, ledger, clock } = this.#motion;
    const magazine = dispensers.magazines().find((place) => place.slot === slot);
    if (!magazine) return err(vaultFault("noSlot"));
    for (const { item, assignment } of items) {
      const assigned = this.#papers.assignment(assignment);
      if (!assigned.ok) return assigned;
      if (assigned.value.item !== item) return err(vaultFault("wrongItem"));
    }
    const look = await dispensers.look(magazine.dispenser);
    if (!look) return err(vaultFault("notReady"));
    if (look.path !== "clear") return err(vaultFault("slotBusy", { slot }));
    // A list that the unit's own sensor contradicts was not laid in.
    const stock = look.stock[magazine.magazine];
    if (stock !== "unknown" && (stock === "empty") !== (items.length === 0))
      return err(vaultFault("contradiction"));
    return settle(async () => {
      await fill(
        ledger,
        clock,
        magazine,
        items.map(({ item }) => itemHashOf(item)),
        about,
      );
      return { items: items.length };
    });
  }

  /** Staff have emptied the bin: the unit's own count begins anew, then the ledger's. */
  async emptyBin(slot: string, operator: string): Promise<Result<{ items: number }>> {
    const { dispensers, ledger } = this.#motion;
    const magazine = dispensers.magazines().find((place) => place.slot === slot);
    if (!magazine) return err(vaultFault("noSlot"));
    const { dispenser } = magazine;
    const held = (await ledger.stock()).bins.find((bin) => bin.dispenser === dispenser)?.held ?? 0;
    const cleared = await dispensers.clearBinCount(dispenser);
    if (!cleared.ok) return cleared;
    return settle(async () => {
      await binEmptied(ledger, dispenser, operator, held);
      return { items: held };
    });
  }
}

async function settle<T>(job: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await job());
  } catch (error) {
    if (isFault(error) && error.code.startsWith("vault.")) return err(error);
    throw error;
  }
}
