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
import { hpkeOpen, hpkeSeal, streamOpen, streamSeal } from "./independent.ts";

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

const PACKET = "guichet packet v1";
const bindingOf = ({ sid, unit, alg }: Pick<Manifest, "sid" | "unit" | "alg">) =>
  `${PACKET}\0${sid}\0${unit}\0${alg}`;

test("another implementation of the RFC opens what is sealed here, at every length of the last block", async () => {
  for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
    const bytes = photo.subarray(0, length);
    const head = Buffer.from(JSON.stringify(content()));
    // The head comes first: what matters is where the whole ends.
    const filled = Buffer.concat([bytes, Buffer.alloc(length % 65_536 === 0 ? 65_536 - head.length : 0)]);
    const { manifest, ciphertext } = await sealPacket(
      {
        content: content(),
        parts: [{ name: "photo", mediaType: "image/jpeg", bytes: filled }],
        createdAt: 1,
      },
      centre,
      device,
    );
    const aad = bindingOf(manifest);
    const enc = Buffer.from(manifest.enc, "base64url");
    const key = hpkeOpen(centre, PACKET, aad, enc, Buffer.from(manifest.wrapped, "base64url"));
    const plain = streamOpen(key, aad, ciphertext);
    assert.ok(plain.equals(Buffer.concat([head, filled])), String(length));
  }
});

test("what another implementation seals opens here", async () => {
  const { manifest } = await sealed();
  const aad = bindingOf(manifest);
  const key = Buffer.alloc(32, 7);
  const head = Buffer.from(JSON.stringify(content()));
  const ciphertext = streamSeal(key, aad, Buffer.concat([head, photo]));
  const { enc, ct } = hpkeSeal(centre.x, PACKET, aad, key);
  const own: Manifest = {
    ...manifest,
    enc: enc.toString("base64url"),
    wrapped: ct.toString("base64url"),
    size: ciphertext.length,
    chunks: hashes(ciphertext),
  };
  const opened = await openPacket(own, ciphertext, centre);
  assert.ok(opened.ok);
  assert.ok(opened.value.parts.get("photo")?.equals(photo));
  const small = hpkeSeal(centre.x, "guichet small v1", "ask", Buffer.from("hello"));
  const text = Buffer.concat([small.enc, small.ct]).toString("base64url");
  const openedSmall = await openSmall(centre, text, "ask");
  assert.ok(openedSmall.ok && openedSmall.value.toString() === "hello");
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
  const aad = bindingOf(manifest.value);
  const [enc, wrapped] = [manifest.value.enc, manifest.value.wrapped].map((text) =>
    Buffer.from(text, "base64url"),
  ) as [Buffer, Buffer];
  const ciphertext = Buffer.from(vector.ciphertext, "base64url");
  const key = hpkeOpen(vector.centre, PACKET, aad, enc, wrapped);
  const plain = streamOpen(key, aad, ciphertext);
  assert.ok(streamSeal(key, aad, plain).equals(ciphertext), "and is what its key and its content give");
  const small = await openSmall(vector.centre, vector.small.sealed, vector.small.aad);
  assert.ok(small.ok && small.value.toString() === vector.small.text);
});

run();
