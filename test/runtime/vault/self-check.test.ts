import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { openStore } from "../../../drivers/store/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { checkVerification } from "../../../runtime/vault/self-check.ts";
import { eventually, suite } from "../../kit.ts";
import { wireRig } from "../../support/vault-wire.ts";

const { test, run } = suite("self-check");

const clock = { ...systemClock, sleep: async () => undefined };

test("papers are judged as they should be, and a vault that is to end does not begin", async () => {
  await checkVerification(clock, new AbortController().signal);
  await checkVerification({ ...clock, wall: () => Number.NaN }, AbortSignal.abort());
});

test("a vault that refuses what is good says so", async () => {
  // Its clock runs fifty years ahead between the making of the papers and their judgement.
  let looks = 0;
  const wall = () => Date.now() + (looks++ > 1 ? 50 * 365 * 86_400_000 : 0);
  await checkVerification({ ...clock, wall }, new AbortController().signal).then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, "vault.selfCheck"),
  );
});

test("a row of the journal that was altered is told and written down at the next start, and nothing else changes", async (t) => {
  const rig = await wireRig(t, { slots: 1 });
  await rig.seed({ "ITEM-1": "1" });
  let client = await rig.start(startVault);
  const broken = async () => {
    const journal = await client.call("journal.read", { after: 0 });
    if (!journal.ok) throw journal.error;
    return journal.value.body.rows.filter(({ event }) => event === "journal.broken");
  };
  for (const item of ["ITEM-7", "ITEM-8", "ITEM-9"])
    await client.call("collect.begin", { voucher: rig.papers.voucher(item) });
  assert.is((await broken()).length, 0);
  await rig.stop();
  const store = await openStore(join(rig.state, "vault", "ledger.db"), { migrations: [] });
  await store.tx((s) => s.run("UPDATE journal SET at = at + 1 WHERE seq = 2"));
  await store.close();
  client = await rig.start(startVault);
  const [row] = await eventually("it is told", async () => {
    const rows = await broken();
    return rows.length > 0 && rows;
  });
  assert.is(row?.detail, "2");
  assert.ok((await client.call("collect.begin", { voucher: rig.papers.voucher("ITEM-1") })).ok);
});

run();
