import { existsSync } from "node:fs";
import { join } from "node:path";
import { err, isFault, ok, type Result } from "../../../drivers/kit/index.ts";
import { lookInto } from "../../../drivers/store/index.ts";
import { diagnosticFault } from "../messages.ts";
import { askVault } from "./vault.ts";

/** What is nowhere but in the unit until the centre has it. */
export interface Waiting {
  /** Acknowledged to a person; those that the centre has rejected too, which somebody must look at. */
  submissions: number;
  /** Rows of the vault's journal: who was given what. */
  rows: number;
}

/**
 * Counts what still waits for the centre: to be asked while the core rests and the vault runs.
 * @returns a fault while it cannot be counted, which is not the same as nothing
 */
export async function waitingIn(state: string): Promise<Result<Waiting>> {
  const store = join(state, "store", "store.db");
  try {
    // A board that has served nobody has neither.
    const [submissions, acked] = existsSync(store) ? await lookInto(store, inStore) : [0, 0];
    if (!existsSync(join(state, "vault", "ledger.db"))) return ok({ submissions, rows: 0 });
    const rows = await askVault(state, async (peer) => {
      for (let [after, count] = [acked, 0]; ; ) {
        const answer = await peer.call("journal.read", { after });
        if (!answer.ok) return undefined;
        const last = answer.value.body.rows.at(-1);
        if (!last) return count;
        count += answer.value.body.rows.length;
        after = last.seq;
      }
    });
    return rows === undefined ? err(diagnosticFault("notRunning", { state })) : ok({ submissions, rows });
  } catch (error) {
    if (isFault(error)) return err(error);
    throw error;
  }
}

/** Submissions in the core's store, and how far the centre has said that it has the vault's journal. */
async function inStore(look: Parameters<Parameters<typeof lookInto>[1]>[0]): Promise<[number, number]> {
  const [queue] = await look<{ n: number }>("SELECT count(*) AS n FROM submissions");
  const [acked] = await look<{ value: number }>("SELECT value FROM settings WHERE key = 'vaultJournalAcked'");
  return [queue?.n ?? 0, acked?.value ?? 0];
}
