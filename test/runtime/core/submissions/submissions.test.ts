import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { firstBrokenRow } from "../../../../drivers/store/index.ts";
import { newSigningKey, parseReceiptCode } from "../../../../fleet/contract/index.ts";
import { eventually, suite } from "../../../kit.ts";
import { draft, PHOTO, type SubmissionsRig, submissionsRig } from "../../../support/office.ts";

const { test, run } = suite("submissions");

async function submit(rig: SubmissionsRig) {
  const submitted = await rig.submissions.submit(draft());
  if (!submitted.ok) throw submitted.error;
  return submitted.value;
}
const rows = (rig: SubmissionsRig, table = "submissions") => rig.store.all(`SELECT * FROM ${table}`);
const erased = (rig: SubmissionsRig) =>
  eventually("the submission is erased", async () => (await rows(rig)).length === 0);

test("what a person was given a reference for is durable, sealed, and nowhere in clear", async (t) => {
  const rig = await submissionsRig(t);
  const { sid, reference, receiptCode } = await submit(rig);
  assert.is(reference.slice(0, 11), "KT01-000001");
  const receipt = parseReceiptCode(receiptCode);
  assert.ok(receipt.ok && receipt.value.reference === reference);
  assert.equal(rig.files(), [sid]);
  for (const file of ["store.db", "store.db-wal", join("packets", sid)]) {
    const bytes = readFileSync(join(rig.state, "store", file));
    for (const marker of ["MARKEDSURNAME", "X123456A", receipt.value.key.toString("base64url")])
      assert.not.ok(bytes.includes(marker), `${marker} in ${file}`);
    assert.not.ok(bytes.includes(PHOTO.subarray(0, 32)));
  }
  await rig.again();
  assert.is((await rig.submissions.pending()).count, 1);
  const second = await submit(rig);
  assert.is(second.reference.slice(0, 11), "KT01-000002", "no reference is given twice");
});

test("it waits for the centre's own word, then arrives whole and is erased after the receipt", async (t) => {
  const rig = await submissionsRig(t);
  rig.submissions.start();
  const { sid } = await submit(rig);
  rig.link.events.emit("up", undefined);
  assert.is(rig.link.sent.length, 0, "nothing is sent while the centre has not said that it is there");
  rig.link.host(true);
  await erased(rig);
  assert.is(rig.centre.counted.get(sid), 1);
  assert.ok(rig.centre.photos.get(sid)?.equals(PHOTO));
  await eventually("the file is gone", () => rig.files().length === 0);
  const [tombstone] = await rows(rig, "tombstones");
  assert.is(tombstone?.sid, sid);
  assert.is(await firstBrokenRow(rig.store), undefined);
  const events = (await rig.store.all<{ event: string }>("SELECT event FROM journal")).map(
    (row) => row.event,
  );
  assert.equal(events, ["submission.stored", "submission.erased"]);
});

test("lost and doubled answers delay it, and lose and repeat nothing", async (t) => {
  const rig = await submissionsRig(t);
  rig.centre.lose = { need: 2, accepted: 2 };
  rig.centre.twice = true;
  const { sid } = await submit(rig);
  rig.submissions.start();
  rig.link.host(true);
  await erased(rig);
  assert.ok(rig.centre.photos.get(sid)?.equals(PHOTO));
  assert.is((await rows(rig, "tombstones")).length, 1);
  const chunks = rig.link.sent.filter(({ topic }) => topic.includes("/c/")).length;
  assert.is(
    chunks,
    Math.ceil(PHOTO.length / 32_768),
    "each chunk went once: what the centre has is not sent again",
  );
});

test("only the missing chunks are sent again, four on their way at most", async (t) => {
  const rig = await submissionsRig(t);
  let flying = 0;
  let most = 0;
  const serve = rig.link.onPublish;
  const dropped = new Set<string>();
  rig.link.onPublish = async (topic, payload) => {
    if (!topic.includes("/c/")) return serve(topic, payload);
    most = Math.max(most, ++flying);
    await new Promise((resolve) => setTimeout(resolve, 5));
    flying--;
    // The broker takes it, and it never arrives.
    if (topic.endsWith("/c/1") && !dropped.has(topic)) return Boolean(dropped.add(topic));
    return serve(topic, payload);
  };
  await submit(rig);
  rig.submissions.start();
  rig.link.host(true);
  await erased(rig);
  const numbers = rig.link.sent
    .filter(({ topic }) => topic.includes("/c/"))
    .map(({ topic }) => topic.split("/").at(-1));
  assert.equal(numbers.toSorted(), ["0", "1", "1", "2", "3", "4"]);
  assert.ok(most <= 4, `${most} at once`);
});

test("a restart between the last chunk and its receipt sends no chunk again and counts once", async (t) => {
  const rig = await submissionsRig(t);
  rig.centre.lose = { accepted: 1_000 };
  const { sid } = await submit(rig);
  rig.submissions.start();
  rig.link.host(true);
  await eventually("the centre has it", () => rig.centre.counted.has(sid));
  await rig.again();
  assert.equal(rig.files(), [sid]);
  const before = rig.centre.chunksReceived;
  rig.centre.lose = {};
  rig.submissions.start();
  rig.link.host(true);
  await erased(rig);
  assert.is(rig.centre.chunksReceived, before);
});

test("a forged, foreign, altered or misdirected receipt erases nothing", async (t) => {
  const rig = await submissionsRig(t);
  const { sid } = await submit(rig);
  const other = await submit(rig);
  rig.link.hostOnline = true;
  rig.centre.lose = { need: 1_000, accepted: 1_000 };
  rig.submissions.start();
  await eventually("both manifests are there", () => {
    rig.link.events.emit("host", true);
    return (
      new Set(rig.link.sent.filter(({ topic }) => topic.endsWith("/m")).map(({ topic }) => topic)).size === 2
    );
  });
  const { receipt } = rig.centre;
  const good = receipt(sid, "accepted");
  const [head = "", body = "", signature = ""] = good.split(".");
  const needBody = receipt(sid, "need").split(".")[1] ?? "";
  const forged = {
    "another key of the receipt role": receipt(sid, "accepted", {}, newSigningKey("receipt")),
    "another unit": receipt(sid, "accepted", { unit: "kt-02" }),
    "another manifest": receipt(sid, "accepted", { manifestHash: "0".repeat(64) }),
    "the receipt of another submission": receipt(other.sid, "accepted", {}),
    "another body under a good signature": `${receipt(sid, "need").split(".")[0]}.${body}.${receipt(sid, "need").split(".")[2]}`,
    "a need turned around": `${head}.${needBody}.${signature}`,
    "no signature": `${head}.${body}.`,
    nonsense: "accepted",
    nothing: "",
  };
  for (const [name, jws] of Object.entries(forged)) {
    await rig.link.deliver("sub", [sid, "r"], jws);
    assert.is((await rows(rig)).length, 2, name);
    assert.is(rig.files().length, 2, name);
  }
  await rig.link.deliver("sub", [sid, "r"], good);
  assert.equal(rig.files(), [other.sid]);
});

test("a rejected submission is kept, counted, and not sent again; a later acceptance ends it", async (t) => {
  const rig = await submissionsRig(t);
  rig.centre.reject = true;
  const { sid } = await submit(rig);
  rig.submissions.start();
  rig.link.host(true);
  await eventually("it is rejected", async () => (await rig.submissions.pending()).rejected === 1);
  assert.equal(rig.files(), [sid]);
  const sent = rig.link.sent.length;
  rig.link.events.emit("host", true);
  await rig.again();
  rig.submissions.start();
  rig.link.host(true);
  await rig.link.deliver("sub", [sid, "r"], rig.centre.receipt(sid, "accepted"));
  assert.is((await rows(rig)).length, 0);
  assert.is(rig.link.sent.length, 0);
  assert.ok(sent > 0);
});

test("one that gets no answer does not keep the next one waiting", async (t) => {
  const rig = await submissionsRig(t);
  const stuck = await submit(rig);
  const free = await submit(rig);
  const serve = rig.link.onPublish;
  rig.link.onPublish = (topic, payload) => (topic.includes(stuck.sid) ? true : serve(topic, payload));
  rig.submissions.start();
  rig.link.host(true);
  await eventually("the other one arrives", () => rig.centre.counted.has(free.sid));
  // It is counted before its receipt is on its way.
  await eventually("its receipt is taken", () => rig.files().length === 1);
  assert.equal(rig.files(), [stuck.sid]);
  assert.is((await rig.submissions.pending()).count, 1);
});

test("one whose parts the centre cannot keep does not keep the next one waiting", async (t) => {
  const rig = await submissionsRig(t);
  const stuck = await submit(rig);
  const free = await submit(rig);
  const serve = rig.link.onPublish;
  rig.link.onPublish = (topic, payload) => (topic.includes(`${stuck.sid}/c/`) ? true : serve(topic, payload));
  rig.submissions.start();
  rig.link.host(true);
  await eventually("the other one arrives", () => rig.centre.counted.has(free.sid));
  rig.link.onPublish = serve;
  await eventually("then this one does", () => rig.centre.counted.has(stuck.sid));
});

test("leftovers of a cut before the acknowledgement are removed at the next start", async (t) => {
  const rig = await submissionsRig(t);
  const { sid } = await submit(rig);
  mkdirSync(join(rig.state, "store", "packets"), { recursive: true });
  writeFileSync(join(rig.state, "store", "packets", "0190-unnamed"), "sealed");
  writeFileSync(join(rig.state, "store", "packets", "0191-half.new"), "seal");
  await rig.again();
  assert.equal(rig.files(), [sid]);
});

test("without a place to write there is no reference", async (t) => {
  const rig = await submissionsRig(t);
  await rig.store.tx((s) => s.run("DROP TABLE submissions"));
  const submitted = await rig.submissions.submit(draft());
  assert.ok(!submitted.ok && submitted.error.code === "submission.notStored");
});

test("a submission that was not stored leaves nothing on the disk, neither half nor whole", async (t) => {
  const rig = await submissionsRig(t);
  const { sid } = await submit(rig);
  const refused = async () => {
    const submitted = await rig.submissions.submit(draft());
    assert.ok(!submitted.ok && submitted.error.code === "submission.notStored");
    assert.equal(rig.files(), [sid]);
  };
  // The disk refuses at each of its changes: the bytes, their sync, the name. Then the row.
  const probe = await open(join(rig.state, "store"), "r");
  t.after(() => probe.close());
  const handle = Object.getPrototypeOf(probe) as FileHandle;
  const { writeFile, sync } = handle;
  const full = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
  handle.writeFile = full;
  await refused();
  handle.writeFile = writeFile;
  handle.sync = full;
  await refused();
  handle.sync = sync;
  const refusal = "BEGIN SELECT RAISE(ABORT, 'no'); END";
  await rig.store.tx((s) => s.run(`CREATE TRIGGER no BEFORE INSERT ON submissions ${refusal}`));
  await refused();
  await rig.store.tx((s) => s.run("DROP TRIGGER no"));
  const { sid: next } = await submit(rig);
  assert.equal(rig.files().sort(), [sid, next].sort());
});

run();
