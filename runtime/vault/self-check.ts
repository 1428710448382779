import type { Clock } from "../../drivers/kit/index.ts";
import { newSigningKey, signJws } from "../../fleet/contract/index.ts";
import { vaultFault } from "./faults.ts";
import { Papers } from "./papers.ts";

/** The unit is at rest by then: its start and whoever stands before it first are not disturbed, ms. */
const AFTER_MS = 3_000;
const ROUNDS = 25;
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
