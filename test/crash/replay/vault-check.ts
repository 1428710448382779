import { join } from "node:path";
import type { LockState } from "../../../drivers/contract/index.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { firstBrokenRow, openStore } from "../../../drivers/store/index.ts";
import { Ledger } from "../../../runtime/vault/ledger.ts";
import type { Locks } from "../../../runtime/vault/locks.ts";
import { settleOpenEffects } from "../../../runtime/vault/recovery.ts";

/** A board that shows one state for every compartment, whatever is asked. */
function shownBy(state: Pick<LockState, "latch" | "item">): Locks {
  const look = async () => ({ compartment: 0, ...state });
  return {
    has: () => true,
    look,
    lookTwiceWhenReady: async () => [await look(), await look()],
    places: () => [],
  } as unknown as Locks;
}

/**
 * What the real recovery finds after a cut: for every unlock that reached the wire an effect that is past its intent and a
 * consumed payment, nothing left open, every slot and outcome that was told still told.
 * @param marks `device <hex>` for bytes on the lock's line, `told …` for what the core heard
 */
export async function checkVault(
  image: string,
  marks: readonly string[],
  state: Pick<LockState, "latch" | "item">,
): Promise<string[]> {
  const wrong: string[] = [];
  const path = join(image, "vault", "ledger.db");
  const unlocks = marks.filter((mark) => /^device 02..31/.test(mark)).length;
  const ledger = await Ledger.open(path, {
    clock: systemClock,
    mint: () => ({}) as never,
    slots: ["1", "2", "3", "4"].map((slot, compartment) => ({ slot, device: "lock.main/0", compartment })),
  });
  try {
    const locks = shownBy(state);
    const boot = { id: "after the cut", clockKept: true, uptime: () => 0 };
    await settleOpenEffects({ ledger, locks, clock: systemClock, limits: { doorOpen: 0 }, boot });
    if ((await ledger.openEffects()).length > 0) wrong.push("an effect is open after recovery");
  } finally {
    await ledger.close();
  }
  const store = await openStore(path, { migrations: [] });
  try {
    const number = async (sql: string) => Number((await store.get<{ n: number }>(sql))?.n);
    const issued = await number("SELECT count(*) AS n FROM effects WHERE before IS NOT NULL");
    if (issued < unlocks) wrong.push(`${unlocks} unlocks on the wire, ${issued} issued`);
    const releases = await number(
      "SELECT count(*) AS n FROM effects WHERE kind = 'release' AND before IS NOT NULL",
    );
    const consumed = await number("SELECT count(*) AS n FROM consumed");
    if (releases !== consumed) wrong.push(`${releases} releases issued, ${consumed} vouchers consumed`);
    for (const mark of marks.filter((own) => own.startsWith("told "))) {
      const [, effect, outcome] = mark.split(" ") as [string, string, string];
      const row = await store.get<{ outcome: string; state: string }>(
        "SELECT outcome, state FROM effects WHERE effect = ?",
        effect,
      );
      if (row?.state !== "DONE" || row.outcome !== outcome)
        wrong.push(`told ${outcome}, kept ${row?.outcome ?? "nothing"}`);
    }
    if ((await firstBrokenRow(store)) !== undefined) wrong.push("the journal's chain is broken");
  } finally {
    await store.close();
  }
  return wrong;
}
