import { readFileSync } from "node:fs";
import { setLog, systemClock } from "../../../drivers/kit/index.ts";
import { importSigningKey, type Receipt, signJws } from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { openCoreStore } from "../../../runtime/core/store/index.ts";
import { type Draft, Submissions } from "../../../runtime/core/submissions/index.ts";
import { FakeLink } from "../../support/office.ts";

/**
 * The real submissions of the core, traced: three are made, two of them erased by receipts. What a person or the centre
 * was told stands as MARK lines, in the order in which it was said.
 */
setLog({ level: "error" });
const [state = "", setup = "", mutant] = process.argv.slice(2);
const { configuration, device, receipt } = JSON.parse(readFileSync(setup, "utf8")) as {
  configuration: UnitConfiguration;
  device: Parameters<typeof importSigningKey>[0];
  receipt: Parameters<typeof importSigningKey>[0];
};
const receiptKey = importSigningKey(receipt);
const link = new FakeLink();
const store = await openCoreStore(state, mutant === "NORMAL" ? { synchronousForMutant: "NORMAL" } : {});
const submissions = new Submissions({
  state,
  configuration,
  store,
  link: link.asLink,
  deviceKey: importSigningKey(device),
  clock: systemClock,
});
await submissions.recover();

const draft = (n: number): Draft => ({
  language: "en",
  applications: [{ service: "passport-application", fields: { n: String(n) } }],
  identity: { way: "officer" },
  captures: [{ part: "photo", kind: "photo" }],
  parts: [{ name: "photo", mediaType: "image/jpeg", bytes: Buffer.alloc(40_000 + n, n) }],
});

const hash = async (sid: string): Promise<string> =>
  String(
    (await store.get<{ manifest_hash: string }>("SELECT manifest_hash FROM submissions WHERE sid = ?", sid))
      ?.manifest_hash,
  );

for (let n = 1; n <= 3; n++) {
  const submitted = await submissions.submit(draft(n));
  if (!submitted.ok) throw submitted.error;
  const { sid, reference } = submitted.value;
  process.stdout.write(`MARK acknowledged ${sid} ${reference} ${n}\n`);
  if (n === 3) continue;
  const body: Receipt = {
    v: 1,
    sid,
    unit: configuration.unit,
    manifestHash: await hash(sid),
    state: "accepted",
    iat: 1,
  };
  process.stdout.write(`MARK receipt ${sid}\n`);
  await link.deliver("sub", [sid, "r"], signJws("guichet.receipt.v1", body, receiptKey));
  process.stdout.write(`MARK erased ${sid}\n`);
}
process.exit(0);
