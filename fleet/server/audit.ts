import type { Context } from "./context.ts";
import type { Row, Tx } from "./db.ts";

/** Adds to the audit log, inside the transaction of what it is about. `detail` never holds personal data. */
export async function audit(
  tx: Tx,
  context: Context,
  operator: string,
  act: string,
  subject = "",
  detail = "",
): Promise<void> {
  await tx.run(
    "INSERT INTO audit (at, operator, act, subject, detail) VALUES (?, ?, ?, ?, ?)",
    context.clock.wall(),
    operator,
    act,
    subject,
    detail,
  );
}

/** Rows of the audit log, newest first: the newest, or those before row `before`. */
export const readAudit = (context: Context, before = Number.MAX_SAFE_INTEGER, limit = 200): Promise<Row[]> =>
  context.db.tx((tx) => tx.all("SELECT * FROM audit WHERE n < ? ORDER BY n DESC LIMIT ?", before, limit));
