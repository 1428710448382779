import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { sha256Hex } from "../../../drivers/kit/index.ts";
import {
  type Manifest,
  ManifestSchema,
  newReplyKey,
  newSigningKey,
  openPacket,
  openSmall,
  type PacketContent,
  type SealKey,
  sealPacket,
  sealSmall,
  transportChunks,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("packet");
const centre: SealKey = { ...newReplyKey(), kid: "seal-1" };
const device = newSigningKey("unit");

const content = (over: Partial<PacketContent> = {}): PacketContent => ({
  v: 1,
  sid: "0190-test",
  unit: "kt-01",
  reference: "KT01-000042-7",
  at: 1,
  applications: [{ service: "passport-application", fields: { phone: "12345678" } }],
  identity: { way: "officer" },
  collectionKey: "A".repeat(22),
  captures: [{ part: "photo", kind: "photo" }],
  ...over,
});
const photo = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) & 255));
const sealed = () =>
  sealPacket(
    { content: content(), parts: [{ name: "photo", mediaType: "image/jpeg", bytes: photo }], createdAt: 1 },
    centre,
    device,
  );
const hashes = (bytes: Buffer) => transportChunks(bytes).map((chunk) => sha256Hex(chunk));
const code = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? "ok" : result.error?.code);

test("what was sealed comes out byte for byte, and the manifest says nothing personal", async () => {
  const { manifest, jws, ciphertext } = await sealed();
  assert.ok(verifyJws("guichet.manifest.v1", ManifestSchema, jws, [device.public]).ok);
  const opened = await openPacket(manifest, ciphertext, centre);
  assert.ok(opened.ok);
  assert.equal(opened.value.content, content());
  assert.ok(opened.value.parts.get("photo")?.equals(photo));
  assert.not.ok(JSON.stringify(manifest).includes("12345678"));
});

test("a packet that was cut, reordered, altered, renamed or sealed to another does not open", async () => {
  const { manifest, ciphertext } = await sealed();
  const rehash = (bytes: Buffer, over: Partial<Manifest> = {}): Manifest => ({
    ...manifest,
    size: bytes.length,
    chunks: hashes(bytes),
    ...over,
  });
  const block = 64 * 1024 + 16;
  const swapped = Buffer.concat([
    ciphertext.subarray(block, 2 * block),
    ciphertext.subarray(0, block),
    ciphertext.subarray(2 * block),
  ]);
  const flipped = Buffer.from(ciphertext);
  flipped[70_000] = (flipped[70_000] ?? 0) ^ 1;
  const short = ciphertext.subarray(0, 3 * block);
  const doubled = Buffer.concat([ciphertext.subarray(0, block), ciphertext]);
  for (const [name, bytes] of Object.entries({ swapped, flipped, short, doubled })) {
    assert.is(code(await openPacket(rehash(bytes), bytes, centre)), "packet.altered", name);
  }
  assert.is(code(await openPacket(manifest, flipped, centre)), "packet.altered");
  assert.is(code(await openPacket({ ...manifest, sid: "other" }, ciphertext, centre)), "packet.altered");
  assert.is(code(await openPacket({ ...manifest, unit: "kt-02" }, ciphertext, centre)), "packet.altered");
  assert.is(
    code(await openPacket({ ...manifest, reference: "KT01-000043-5" }, ciphertext, centre)),
    "packet.altered",
  );
  assert.is(
    code(await openPacket(manifest, ciphertext, { ...newReplyKey(), kid: "seal-1" })),
    "packet.altered",
  );
  assert.is(code(await openPacket(manifest, ciphertext, { ...centre, kid: "seal-2" })), "packet.notForUs");
});

test("a small message opens with its key and its purpose only", async () => {
  const key = newReplyKey();
  const text = await sealSmall(key, Buffer.from("hello"), "ask kt-01 q1");
  const opened = await openSmall(key, text, "ask kt-01 q1");
  assert.ok(opened.ok && opened.value.toString() === "hello");
  assert.is(code(await openSmall(key, text, "ask kt-01 q2")), "packet.altered");
  assert.is(code(await openSmall(newReplyKey(), text, "ask kt-01 q1")), "packet.altered");
  assert.is(code(await openSmall(key, "AAAA", "ask kt-01 q1")), "packet.altered");
});

test("the frozen vector still opens", async () => {
  const vector = JSON.parse(readFileSync("fleet/contract/vectors/packet-v1.json", "utf8")) as {
    centre: SealKey;
    device: Parameters<typeof verifyJws>[3][number];
    jws: string;
    ciphertext: string;
    content: PacketContent;
    small: { aad: string; sealed: string; text: string };
  };
  const manifest = verifyJws("guichet.manifest.v1", ManifestSchema, vector.jws, [vector.device]);
  assert.ok(manifest.ok);
  const opened = await openPacket(manifest.value, Buffer.from(vector.ciphertext, "base64url"), vector.centre);
  assert.ok(opened.ok);
  assert.equal(opened.value.content, vector.content);
  const small = await openSmall(vector.centre, vector.small.sealed, vector.small.aad);
  assert.ok(small.ok && small.value.toString() === vector.small.text);
});

run();
