import type { Clock } from "../../drivers/kit/index.ts";
import { appendJournal } from "../../drivers/store/index.ts";
import type { CardSeen, CardVerdict } from "./card-evidence.ts";
import { payUnlock } from "./exchange-rows.ts";
import type { Ledger } from "./ledger.ts";
import { type EffectRow, family, type Intent, intentOf } from "./ledger-schema.ts";
import { fillMagazine, type MagazinePlace, markSuspect, settleCard } from "./stock.ts";

/** What the ledger says of items in a dispenser, beside what it says of every motion. */

/** Writes what was read at a dispenser's reader. */
export async function identified(ledger: Ledger, intent: Intent, readHash: string): Promise<void> {
  const detail = readHash === intent.itemHash ? "same" : readHash === "unreadable" ? readHash : "other";
  await ledger.write(`${family(intent.kind)}.identified`, { ...intent, detail }, async (t) => {
    await t.run("UPDATE effects SET read_hash = ? WHERE effect = ?", readHash, intent.effect);
  });
}

/** Ends a motion of a dispenser: its outcome, where the item is, and every count that this changes, in one write. */
export async function finishCard(
  ledger: Ledger,
  intent: Intent,
  verdict: CardVerdict,
  about: {
    magazine: MagazinePlace;
    readHash?: string | undefined;
    after?: CardSeen | undefined;
    detail?: string;
  },
): Promise<void> {
  const { outcome, modifier, card } = verdict;
  const detail = [modifier, about.detail].filter(Boolean).join(" ");
  const row = { ...intent, outcome, ...(detail ? { detail } : {}) };
  await ledger.write(`${family(intent.kind)}.outcome`, row, async (t) => {
    await t.run(
      "UPDATE effects SET state = 'DONE', outcome = ?, modifier = ?, after = ?, left_at = ? WHERE effect = ?",
      outcome,
      modifier ?? null,
      about.after ? JSON.stringify(about.after) : null,
      // What a clearing could not move is not cleared a second time.
      !intent.clears && (card === "gate" || card === "path") ? card : null,
      intent.effect,
    );
    await settleCard(t, { intent, verdict, magazine: about.magazine, readHash: about.readHash });
    if (intent.clears && card === "out") {
      await t.run(
        "UPDATE effects SET outcome = 'taken' WHERE effect = ? AND outcome = 'presented' AND kind = 'release'",
        intent.clears,
      );
      // An old card that was offered back is its owner's again.
      await t.run(
        "UPDATE effects SET outcome = 'notMoved', modifier = 'returned' WHERE effect = ? AND outcome = 'presented' AND kind = 'intake'",
        intent.clears,
      );
    }
    // Where it was left it may not be any more.
    if (intent.clears && card === "unknown")
      await t.run("UPDATE effects SET outcome = 'unknown', modifier = NULL WHERE effect = ?", intent.clears);
    if (intent.clears && card === "bin") {
      await t.run("UPDATE effects SET modifier = ? WHERE effect = ?", modifier ?? null, intent.clears);
      // An old card that came in is where it was to go, if it is one that was to come in.
      await t.run(
        "UPDATE effects SET outcome = 'taken', modifier = 'accepted' WHERE effect = ? AND kind = 'intake' AND (any_card = 1 OR read_hash = item_hash)",
        intent.clears,
      );
    }
  });
}

/** An item that was left at a gate has gone since: what became of it after all. */
export async function settleLateCard(
  ledger: Ledger,
  effect: EffectRow,
  verdict: CardVerdict,
  magazine: MagazinePlace,
): Promise<void> {
  const intent: Intent = { ...intentOf(effect), kind: "clear", clears: effect.effect };
  const { outcome, modifier } = verdict;
  const detail = ["later", modifier].filter(Boolean).join(" ");
  await ledger.write(`${family(effect.kind)}.outcome`, { ...intent, outcome, detail }, async (t) => {
    await t.run(
      "UPDATE effects SET outcome = ?, modifier = ?, left_at = NULL WHERE effect = ?",
      outcome,
      modifier ?? null,
      effect.effect,
    );
    await settleCard(t, { intent, verdict, magazine });
  });
}

/** The sensors of a dispenser contradict what the ledger says of a magazine: nothing is fed from it until staff recount. */
export const suspect = (ledger: Ledger, magazine: string, effect: string, detail: string): Promise<void> =>
  ledger.write("magazine.suspect", { slot: magazine, effect, detail }, (t) =>
    markSuspect(t, magazine, detail),
  );

/** Staff say what a magazine holds now, the first comes out first. Pays one unlock of the exchange. */
export async function fill(
  ledger: Ledger,
  clock: Clock,
  magazine: MagazinePlace,
  itemHashes: readonly string[],
  about: { exchange: string; operator: string },
): Promise<void> {
  const detail = `${itemHashes.length} items`;
  await ledger.write("exchange.filled", { ...about, slot: magazine.slot, detail }, async (t) => {
    await payUnlock(t, about.exchange);
    for (const { event, slot, itemHash } of await fillMagazine(t, magazine, itemHashes))
      await appendJournal(t, clock.wall(), `exchange.${event}`, { slot, itemHash, operator: about.operator });
  });
}

/** Staff have emptied a dispenser's bin. */
export const binEmptied = (
  ledger: Ledger,
  dispenser: string,
  operator: string,
  count: number,
): Promise<void> =>
  ledger.write("exchange.binEmptied", { slot: dispenser, operator, detail: String(count) }, async (t) => {
    await t.run("UPDATE bins SET emptied = emptied + held, held = 0 WHERE dispenser = ?", dispenser);
  });
