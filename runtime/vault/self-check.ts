import type { Clock } from "../../drivers/kit/index.ts";
import { CHAIN_BEGIN } from "../../drivers/store/index.ts";
import { newSigningKey, signJws } from "../../fleet/contract/index.ts";
import { log, vaultFault } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { Papers } from "./papers.ts";

/** The unit is at rest by then: its start and whoever stands before it first are not disturbed, ms. */
const AFTER_MS = 3_000;
const ROUNDS = 25;
/** Rows of the journal that are looked at in one go. */
const ROWS = 200;
const BETWEEN_MS = 50;
/** A clock that is set meanwhile makes no difference, s. */
const YEARS = 300_000_000;

/**
 * Judges papers that were signed with keys made for this moment, good ones and spoiled ones: a vault whose cryptography does
 * not work must not move anything. It is also the first use of that code, which no person has to wait for then.
 * @throws Fault `vault.selfCheck`
 */
export async function checkVerification(clock: Clock, stopping: AbortSignal): Promise<void> {
  await clock.sleep(AFTER_MS, stopping);
  if (stopping.aborted) return;
  const key = newSigningKey("voucher");
  const papers = new Papers({ unit: "check", keys: [key.public], sensesKeyPath: "", clock });
  const now = Math.floor(clock.wall() / 1000);
  const about = { v: 1, id: "check", unit: "check", item: "CHECK", reference: "CHECK", seq: 1 };
  const good = signJws("guichet.voucher.v1", { ...about, nbf: now - YEARS, exp: now + YEARS }, key);
  const [head, body, signature = ""] = good.split(".");
  const spoiled = `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  for (let round = 0; round < ROUNDS && !stopping.aborted; round++) {
    if (!papers.voucher(good).ok || papers.voucher(spoiled).ok) throw vaultFault("selfCheck");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Follows the chain of the journal from its first row, a little at a time, once after each start. A row that was altered or
 * removed is told and written down; nothing is refused for it, because it says nothing about what lies where.
 */
export async function checkJournal(ledger: Ledger, clock: Clock, stopping: AbortSignal): Promise<void> {
  let end = CHAIN_BEGIN;
  for (;;) {
    await clock.sleep(BETWEEN_MS, stopping);
    if (stopping.aborted) return;
    const next = await ledger.followChain(end, ROWS);
    if (typeof next === "number") {
      log("journalBroken", { row: next });
      return ledger.write("journal.broken", { detail: String(next) }, async () => undefined);
    }
    if (next.seq === end.seq) return;
    end = next;
  }
}
