import type { Statements } from "../../drivers/store/index.ts";
import { vaultFault } from "./faults.ts";

/**
 * Writes an exchange, with as much credit as its poorest credential has left.
 * @param once whether a credential counts for one exchange only
 * @throws Fault `vault.creditUsed` for none, `vault.credentialUsed` for one that was used in another exchange where it counts once
 */
export async function addExchange(
  t: Statements,
  exchange: string,
  credentials: readonly { id: string; operator: string; unlocks: number }[],
  { wall, once }: { wall: number; once: boolean },
): Promise<void> {
  let credit = Number.POSITIVE_INFINITY;
  for (const { id, unlocks } of credentials) {
    const { changes } = await t.run(
      "INSERT INTO credentials (credential, used, unlocks) VALUES (?, 0, ?) ON CONFLICT (credential) DO NOTHING",
      id,
      unlocks,
    );
    if (once && changes === 0) throw vaultFault("credentialUsed");
    const row = await t.get<{ used: number }>("SELECT used FROM credentials WHERE credential = ?", id);
    credit = Math.min(credit, unlocks - (row?.used ?? 0));
  }
  if (credit <= 0) throw vaultFault("creditUsed");
  await t.run(
    "INSERT INTO exchanges (exchange, operators, credit, opened) VALUES (?, ?, ?, ?)",
    exchange,
    JSON.stringify({
      credentials: credentials.map((c) => c.id),
      operators: credentials.map((c) => c.operator),
    }),
    credit,
    wall,
  );
}

/** Takes one unlock from an open exchange and from each of its credentials. Throws `vault.creditUsed`. */
export async function payUnlock(t: Statements, exchange: string): Promise<void> {
  const paid = await t.run(
    "UPDATE exchanges SET credit = credit - 1 WHERE exchange = ? AND credit > 0 AND closed IS NULL",
    exchange,
  );
  if (paid.changes !== 1) throw vaultFault("creditUsed", { exchange });
  await t.run(
    "UPDATE credentials SET used = used + 1 WHERE credential IN (SELECT value FROM json_each((SELECT operators FROM exchanges WHERE exchange = ?), '$.credentials'))",
    exchange,
  );
}
