import * as assert from "uvu/assert";
import {
  collectionKeyId,
  makeReceiptCode,
  makeReference,
  newCollectionKey,
  newSigningKey,
  openTemplate,
  parseReceiptCode,
  parseReference,
  ReceiptSchema,
  sealTemplate,
  signJws,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("contract");

test("a reference number survives the way through a person, and one wrong character does not", () => {
  const reference = makeReference("KT01", 42);
  const parsed = parseReference(reference.toLowerCase().replaceAll("-", ""));
  assert.ok(parsed.ok && parsed.value.counter === 42);
  for (let i = 0; i < reference.length; i++) {
    if (reference[i] === "-") continue;
    const wrong = reference.slice(0, i) + (reference[i] === "7" ? "8" : "7") + reference.slice(i + 1);
    assert.not.ok(parseReference(wrong).ok, wrong);
  }
});

test("a receipt code gives its key back; torn and foreign ones say which they are", () => {
  const key = newCollectionKey();
  const code = makeReceiptCode(makeReference("KT01", 7), key);
  const parsed = parseReceiptCode(code);
  assert.ok(parsed.ok && parsed.value.keyId === collectionKeyId(key) && parsed.value.key.equals(key));
  const torn = parseReceiptCode(code.slice(0, -3));
  assert.ok(!torn.ok && torn.error.code === "collection.torn");
  const foreign = parseReceiptCode("https://example.org/");
  assert.ok(!foreign.ok && foreign.error.code === "collection.notReceipt");
});

test("a template opens with its own key and voucher only", () => {
  const key = newCollectionKey();
  const sealed = sealTemplate(key, "v-1", Buffer.from("template"));
  const opened = openTemplate(key, "v-1", sealed);
  assert.ok(opened.ok && opened.value.toString() === "template");
  assert.not.ok(openTemplate(key, "v-2", sealed).ok);
  assert.not.ok(openTemplate(newCollectionKey(), "v-1", sealed).ok);
});

test("a signed document needs the right type, role, key and bytes", () => {
  const receiptKey = newSigningKey("receipt");
  const hostKey = newSigningKey("host");
  const payload = { v: 1, sid: "s", unit: "u", manifestHash: "0".repeat(64), state: "accepted", iat: 1 };
  const token = signJws("guichet.receipt.v1", payload, receiptKey);
  const keys = [receiptKey.public, hostKey.public];
  assert.ok(verifyJws("guichet.receipt.v1", ReceiptSchema, token, keys).ok);
  const code = (r: { ok: boolean; error?: { code: string } }) => (r.ok ? "ok" : r.error?.code);
  assert.is(code(verifyJws("guichet.host.v1", ReceiptSchema, token, keys)), "signature.malformed");
  assert.is(
    code(verifyJws("guichet.receipt.v1", ReceiptSchema, token, [hostKey.public])),
    "signature.unknownKey",
  );
  assert.is(
    code(verifyJws("guichet.receipt.v1", ReceiptSchema, token, [{ ...receiptKey.public, role: "host" }])),
    "signature.wrongRole",
  );
  const [head, body, signature] = token.split(".") as [string, string, string];
  const forged = Buffer.from(JSON.stringify({ ...payload, sid: "t" })).toString("base64url");
  assert.is(
    code(verifyJws("guichet.receipt.v1", ReceiptSchema, `${head}.${forged}.${signature}`, keys)),
    "signature.bad",
  );
  assert.is(
    code(verifyJws("guichet.receipt.v1", ReceiptSchema, `${head}.${body}`, keys)),
    "signature.malformed",
  );
});

run();
