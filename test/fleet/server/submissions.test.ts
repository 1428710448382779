import { generateKeyPairSync } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { isFault, sha256Hex } from "../../../drivers/kit/index.ts";
import {
  newSigningKey,
  type Receipt,
  ReceiptSchema,
  signJws,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import { centreKeys, startCentre } from "../../../fleet/server/index.ts";
import { suite } from "../../kit.ts";
import {
  type CentreSetup,
  joinUnit,
  makeSubmission,
  sendSubmission,
  setUpCentre,
} from "../../support/centre.ts";

const { test, run } = suite("submissions");

const receiptOf = (setup: CentreSetup, token: string): Receipt => {
  const verified = verifyJws("guichet.receipt.v1", ReceiptSchema, token, setup.centre.keys.keys);
  if (!verified.ok) throw verified.error;
  return verified.value;
};

for (const kind of ["mosquitto", "embedded"] as const) {
  test(`${kind}: a submission that comes twice, late and out of order counts once`, async (t) => {
    const setup = await setUpCentre(t, kind);
    const unit = await joinUnit(t, setup);
    const sent = await makeSubmission(unit, setup.centre);
    const base = `k1/d/${unit.id}/up/sub/${sent.sid}`;
    assert.ok(sent.chunks.length >= 3);
    // a chunk before its manifest is dropped and asked for
    await unit.publish(`${base}/c/0`, sent.chunks[0] ?? "");
    const first = unit.next("/r");
    await unit.publish(`${base}/m`, sent.jws);
    const need = receiptOf(setup, (await first).payload.toString());
    assert.is(need.state, "need");
    assert.equal(need.missing, [[0, sent.chunks.length - 1]]);
    assert.is(need.manifestHash, sha256Hex(sent.jws));
    // the last one first, a wrong one between, one twice
    await unit.publish(`${base}/c/${sent.chunks.length - 1}`, sent.chunks.at(-1) ?? "");
    await unit.publish(`${base}/c/0`, "not this chunk");
    const second = unit.next("/r");
    await unit.publish(`${base}/q`, "");
    assert.equal(receiptOf(setup, (await second).payload.toString()).missing, [[0, sent.chunks.length - 2]]);
    const end = unit.next("/r");
    for (const n of [...sent.chunks.keys()].reverse()) {
      await unit.publish(`${base}/c/${n}`, sent.chunks[n] ?? "");
      await unit.publish(`${base}/c/${n}`, sent.chunks[n] ?? "");
    }
    const token = (await end).payload.toString();
    const accepted = receiptOf(setup, token);
    assert.is(accepted.state, "accepted");
    assert.is(accepted.manifestHash, sha256Hex(sent.jws));
    // lost receipts: asking and sending again give the same one, also after a restart
    for (const again of ["/q", "/m"]) {
      const repeated = unit.next("/r");
      await unit.publish(base + again, again === "/m" ? sent.jws : "");
      assert.is((await repeated).payload.toString(), token);
    }
    await setup.again();
    const repeated = unit.next("/r");
    await unit.publish(`${base}/q`, "");
    assert.is((await repeated).payload.toString(), token);
    assert.is((await setup.centre.submissions.list()).length, 1);
    const applications = await setup.centre.applications.list();
    assert.is(applications.length, 1);
    assert.is(applications[0]?.state, "received");
    const opened = await setup.centre.packets.open(sent.sid);
    assert.ok(opened.ok && opened.value.parts.get("template-1")?.equals(sent.template as Buffer));
  });
}

test("a forged or foreign manifest is neither stored nor answered", async (t) => {
  const setup = await setUpCentre(t, "mosquitto");
  const unit = await joinUnit(t, setup);
  const other = await joinUnit(t, setup, "kt-02");
  const sent = await makeSubmission(unit, setup.centre);
  const base = `k1/d/${unit.id}/up/sub/${sent.sid}`;
  const forger = { ...newSigningKey("unit"), kid: unit.device.kid };
  await unit.publish(`${base}/m`, signJws("guichet.manifest.v1", sent.manifest, forger));
  await unit.publish(`${base}/m`, sent.jws.replace(/\..{8}/, ".AAAAAAAA"));
  // the true manifest, said by another unit, and under another id
  await other.publish(`k1/d/kt-02/up/sub/${sent.sid}/m`, sent.jws);
  await unit.publish(`k1/d/${unit.id}/up/sub/another-id/m`, sent.jws);
  await unit.publish(`${base}/c/0`, sent.chunks[0] ?? "");
  const honest = await makeSubmission(unit, setup.centre);
  assert.is(receiptOf(setup, await sendSubmission(unit, honest)).state, "accepted");
  assert.equal(
    (await setup.centre.submissions.list()).map(({ sid }) => sid),
    [honest.sid],
  );
  assert.not.ok(unit.inbox.some(({ topic }) => topic.includes(sent.sid)));
  assert.is(other.inbox.length, 0);
});

test("a part that the centre's disk has spoilt is asked for again, and nothing is rejected for it", async (t) => {
  const setup = await setUpCentre(t, "mosquitto");
  const unit = await joinUnit(t, setup);
  const sent = await makeSubmission(unit, setup.centre);
  const base = `k1/d/${unit.id}/up/sub/${sent.sid}`;
  const [first = "", ...others] = sent.chunks;
  const said = async (topic: string, payload: string | Uint8Array = "") => {
    const answer = unit.next("/r");
    await unit.publish(base + topic, payload);
    return receiptOf(setup, (await answer).payload.toString());
  };
  await said("/m", sent.jws);
  await unit.publish(`${base}/c/0`, first);
  assert.equal((await said("/q")).missing, [[1, others.length]]);
  const spoilt = join(setup.dir, "centre", "packets", sent.sid, "0");
  writeFileSync(spoilt, readFileSync(spoilt).fill(0, 100, 101));
  for (const [n, chunk] of others.entries()) await unit.publish(`${base}/c/${n + 1}`, chunk);
  assert.equal((await said("/q")).missing, [[0, 0]]);
  assert.is((await said("/c/0", first)).state, "accepted");
});

test("the same id with other content is a conflict, and the first one stays", async (t) => {
  const setup = await setUpCentre(t, "mosquitto");
  const unit = await joinUnit(t, setup);
  const first = await makeSubmission(unit, setup.centre);
  await sendSubmission(unit, first);
  const second = await makeSubmission(unit, setup.centre, { sid: first.sid, reference: "KT01-000043-5" });
  const answer = unit.next("/r");
  await unit.publish(`k1/d/${unit.id}/up/sub/${first.sid}/m`, second.jws);
  const receipt = receiptOf(setup, (await answer).payload.toString());
  assert.is(receipt.state, "rejected");
  assert.is(receipt.reason, "conflict");
  assert.is(receipt.manifestHash, sha256Hex(second.jws));
  assert.is((await setup.centre.submissions.list())[0]?.reference, first.content.reference);
});

test("what is sealed to a key that is not here stays with its unit, is told once, and is taken in once the key is", async (t) => {
  const setup = await setUpCentre(t, "mosquitto");
  const unit = await joinUnit(t, setup);
  const file = join(setup.dir, "centre", "keys", "seal.json");
  const former = await makeSubmission(unit, setup.centre);
  const known = await makeSubmission(unit, setup.centre, { reference: "KT01-000043-5" });
  await sendSubmission(unit, known);
  const lost = readFileSync(file, "utf8");
  const fresh = JSON.stringify(generateKeyPairSync("x25519").privateKey.export({ format: "jwk" }));
  writeFileSync(file, fresh);
  const inTrouble = await setup.again();
  const base = `k1/d/${unit.id}/up/sub/${former.sid}`;
  const answers = () => unit.inbox.filter(({ topic }) => topic.includes(former.sid));
  await unit.publish(`${base}/m`, former.jws);
  await unit.publish(`${base}/q`, "");
  const honest = await makeSubmission(unit, inTrouble, { reference: "KT01-000044-3" });
  assert.is(receiptOf(setup, await sendSubmission(unit, honest)).state, "accepted");
  assert.is(answers().length, 0);
  const one = async () => (await setup.centre.submissions.list()).find(({ sid }) => sid === former.sid);
  assert.equal([(await one())?.state, (await one())?.reason], ["receiving", "packet.notForUs"]);
  assert.is(setup.lines.filter(({ event }) => event === "centre.notForUs").length, 1);

  writeFileSync(file, `[${fresh},${lost}]`);
  const centre = await setup.again();
  assert.is(centre.keys.sealTo[0]?.kid, honest.manifest.kid);
  assert.is(receiptOf(setup, await sendSubmission(unit, former)).state, "accepted");
  assert.equal([(await one())?.state, (await one())?.reason], ["accepted", null]);
  for (const { sid } of [known, former, honest]) assert.ok((await centre.packets.open(sid)).ok);
});

test("a centre that has served makes no new sealing key by itself", async (t) => {
  const setup = await setUpCentre(t, "embedded");
  const dir = join(setup.dir, "centre");
  const file = join(dir, "keys", "seal.json");
  rmSync(file);
  assert.throws(
    () => centreKeys(dir),
    (error: unknown) => isFault(error, "centre.sealKeyMissing"),
  );
  const options = { dir, brokerUrl: setup.brokerUrl, tls: await setup.pki.issue("centre"), port: 0 };
  const refused = await startCentre({ ...options, matcher: { score: () => undefined } }).catch(
    (error: unknown) => error,
  );
  assert.ok(isFault(refused, "centre.sealKeyMissing"));
  assert.not.ok(existsSync(file));
});

test("nothing that a person gave is in the centre's files or log in clear", async (t) => {
  const setup = await setUpCentre(t, "mosquitto");
  const unit = await joinUnit(t, setup);
  const sent = await makeSubmission(unit, setup.centre, {
    template: Buffer.from("MARKEDTEMPLATE".repeat(100)),
  });
  await sendSubmission(unit, sent);
  const marks = ["MARKEDSURNAME", "X123456A", "MARKEDTEMPLATE", sent.content.collectionKey];
  const leaked = (bytes: Buffer) =>
    marks.some(
      (mark) => bytes.includes(mark) || bytes.includes(Buffer.from(mark).toString("base64").slice(0, -3)),
    );
  const files = readdirSync(setup.dir, { recursive: true, encoding: "utf8" })
    .map((name) => join(setup.dir, name))
    .filter((path) => statSync(path).isFile());
  assert.ok(files.some((path) => path.endsWith("centre.db")));
  assert.equal(
    files.filter((path) => leaked(readFileSync(path))),
    [],
  );
  assert.not.ok(leaked(Buffer.from(JSON.stringify(setup.lines))));
  assert.ok(leaked(Buffer.from("MARKEDSURNAME")));
});

run();
