import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { newSigningKey } from "../../../fleet/contract/index.ts";
import { encodeFrame } from "../../../runtime/ipc/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { collect, newCommand, type WireRig, wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";

/** A hijacked core: whoever holds the vault's socket and whatever the core has ever seen, but no signing key. */
const { test, run } = suite("hijacked core", 120_000);

const BOARDS = 7;
const SLOTS = 16;
const items = Object.fromEntries(
  Array.from({ length: BOARDS * SLOTS }, (_, i) => [`ITEM-${i + 1}`, String(i + 1)]),
);

/** Sends raw bytes on a connection of its own; resolves when the vault has closed it. */
function sendRaw(rig: WireRig, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(rig.state, "run", "vault", "socket"));
    socket.once("connect", () => socket.write(bytes));
    socket.once("close", () => resolve());
    socket.on("error", () => undefined);
    setTimeout(() => reject(new Error("the vault kept the connection")), 5_000).unref();
  });
}

/** Same bytes for the same seed. */
function* noise(seed: number): Generator<Uint8Array> {
  let x = seed;
  const next = () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x >>> 24;
  };
  for (;;) yield Uint8Array.from({ length: 1 + (next() % 200) }, next);
}

async function challenges(client: VaultClient, vouchers: string[]): Promise<string[]> {
  return Promise.all(
    vouchers.map(async (voucher) => {
      const begun = await client.call("collect.begin", { voucher });
      if (!begun.ok) throw begun.error;
      return begun.value.body.challenge;
    }),
  );
}

test("nothing that it can send puts a byte on the lock line, each try has its reason, and 100 valid ones all work", async (t) => {
  const rig = await wireRig(t, { boards: BOARDS, slots: SLOTS });
  await rig.seed(items);
  const client = await rig.start(startVault);
  const { papers } = rig;
  const now = Math.floor(Date.now() / 1000);

  // One hand-over that really happened, to be replayed.
  const spent = papers.voucher("ITEM-112", { seq: 5 });
  const [spentChallenge = ""] = await challenges(client, [spent]);
  const replayed = {
    command: newCommand(),
    voucher: spent,
    challenge: spentChallenge,
    attestation: papers.attest(spent, spentChallenge),
  };
  const done = new Promise<void>((resolve) => {
    const off = client.on("handover", ({ phase, slot }) => {
      if (phase === "opened") rig.takeFrom(slot);
      if (phase !== "done") return;
      off();
      resolve();
    });
  });
  assert.is(code(await client.call("collect.release", replayed)), "ok");
  await done;

  rig.clock.stop(); // from here on no device is probed: every byte on a line would be a request's doing
  await new Promise((resolve) => setTimeout(resolve, 300));
  const silentSince = rig.written.length;

  // Bytes that are no messages end their connection only.
  const random = noise(7);
  const oversized = Buffer.from([0x7f, 0xff, 0xff, 0xff, 0]);
  const raw: Uint8Array[] = [
    oversized,
    Buffer.concat([Buffer.from([0, 0, 0, 2, 0]), Buffer.from("{]")]),
    encodeFrame({ t: "z", id: 1 }, []),
    encodeFrame({ t: "q", name: "collect.release", body: {} }, []),
    encodeFrame({ t: "e", name: "handover", body: {} }, []),
  ];
  for (const bytes of raw) await sendRaw(rig, bytes);
  for (let i = 0; i < 40; i++) {
    const socket = connect(join(rig.state, "run", "vault", "socket"));
    socket.on("error", () => undefined);
    await new Promise((resolve) =>
      socket.once("connect", () => socket.end(random.next().value as Uint8Array, () => resolve(undefined))),
    );
  }

  // Messages of a wrong shape, and methods that do not exist.
  const untyped = client as unknown as {
    call(method: string, body: unknown): Promise<Parameters<typeof code>[0]>;
  };
  const shapes: [string, unknown, string][] = [
    ["unlock", { slot: "1" }, "ipc.unknownMethod"],
    ["constructor", {}, "ipc.unknownMethod"],
    ["__proto__", {}, "ipc.unknownMethod"],
    ["collect.release", { voucher: spent }, "schema.invalid"],
    ["collect.release", { ...replayed, slot: "1" }, "schema.invalid"],
    ["collect.release", { ...replayed, attestation: 1 }, "schema.invalid"],
    ["collect.begin", { voucher: "x".repeat(70_000) }, "schema.invalid"],
    ["exchange.unload", { exchange: null, slot: "1" }, "schema.invalid"],
    ["exchange.begin", { credentials: [] }, "schema.invalid"],
  ];
  for (const [method, body, reason] of shapes)
    assert.is(code(await untyped.call(method, body)), reason, method);

  // Well-formed requests without what they need.
  const good = papers.voucher("ITEM-1");
  const second = papers.voucher("ITEM-2");
  const [challenge = "", secondChallenge = ""] = await challenges(client, [good, second]);
  const ownKey = newSigningKey("voucher");
  const ownSenses = newSigningKey("senses");
  const [head = "", body = "", signature = ""] = good.split(".");
  const asSpelled = (text: string) => Buffer.from(text).toString("base64url");
  const otherSlot = asSpelled(
    Buffer.from(body, "base64url").toString().replace('"item":"ITEM-1"', '"item":"ITEM-3"'),
  );
  const none = asSpelled(JSON.stringify({ alg: "none", typ: "guichet.voucher.v1", kid: "x" }));
  const vouchers: [string, string, string][] = [
    ["replayed", spent, "vault.consumed"],
    ["an older one of the same item", papers.voucher("ITEM-112", { seq: 4 }), "vault.superseded"],
    ["expired", papers.voucher("ITEM-1", { exp: now - 1 }), "vault.expired"],
    ["not yet valid", papers.voucher("ITEM-1", { nbf: now + 60 }), "vault.notYet"],
    ["of a foreign unit", papers.voucher("ITEM-1", { unit: "kt-02" }), "vault.otherUnit"],
    ["altered", `${head}.${otherSlot}.${signature}`, "signature.bad"],
    ["altered signature", `${head}.${body}.${"A".repeat(86)}`, "signature.bad"],
    ["unsigned", `${none}.${body}.${"A".repeat(86)}`, "signature.malformed"],
    ["by a key of its own", papers.voucher("ITEM-1", {}, ownKey), "signature.unknownKey"],
    [
      "by the release key under its own name",
      relabelled(good, papers.keys.release.kid),
      "signature.wrongRole",
    ],
    ["an assignment in its place", papers.assignment("ITEM-1"), "signature.malformed"],
    ["a credential in its place", papers.credential("anna"), "signature.malformed"],
    ["for an item that is elsewhere", papers.voucher("ITEM-999"), "vault.notLoaded"],
    ["not a document", "A".repeat(40), "signature.malformed"],
  ];
  for (const [what, voucher, reason] of vouchers) {
    assert.is(code(await client.call("collect.begin", { voucher })), reason, what);
    const request = {
      command: newCommand(),
      voucher,
      challenge,
      attestation: papers.attest(good, challenge),
    };
    assert.is(code(await client.call("collect.release", request)), reason, what);
  }
  const attestation = papers.attest(good, challenge);
  const releases: [string, object, string][] = [
    ["no proof", {}, "vault.noProof"],
    ["attestation for another voucher", { attestation: papers.attest(second, challenge) }, "vault.badProof"],
    [
      "attestation for another challenge",
      { attestation: papers.attest(good, secondChallenge) },
      "vault.badProof",
    ],
    [
      "attestation by a key of its own",
      { attestation: papers.attest(good, challenge, ownSenses) },
      "signature.unknownKey",
    ],
    [
      "attestation in the release's place",
      { release: papers.attest(good, challenge) },
      "signature.malformed",
    ],
    ["the voucher as its own proof", { attestation: good, release: good }, "signature.malformed"],
    ["release for another voucher", { release: papers.release(second, challenge) }, "vault.badProof"],
    ["release for another challenge", { release: papers.release(good, secondChallenge) }, "vault.badProof"],
    [
      "a release that is over",
      { release: papers.release(good, challenge, { exp: now - 1 }) },
      "vault.expired",
    ],
    ["a made-up challenge", { challenge: "B".repeat(22), attestation }, "vault.noChallenge"],
    ["another voucher's challenge", { challenge: secondChallenge, attestation }, "vault.noChallenge"],
    ["the challenge of a spent one", { challenge: spentChallenge, attestation }, "vault.noChallenge"],
  ];
  for (const [what, proof, reason] of releases) {
    const request = { command: newCommand(), voucher: good, challenge, ...proof };
    assert.is(code(await client.call("collect.release", request)), reason, what);
  }
  // A known command gets its stored answer, and with other contents nothing.
  const stored = await client.call("collect.release", replayed);
  assert.ok(stored.ok && stored.value.body.outcome === "taken");
  const conflict = { ...replayed, voucher: good, challenge, attestation };
  assert.is(code(await client.call("collect.release", conflict)), "vault.conflict");

  // Staff's way, without staff.
  const stolen = papers.credential("anna");
  const staff: [string, () => Promise<Parameters<typeof code>[0]>, string][] = [
    ["one credential", () => client.call("exchange.begin", { credentials: [stolen] }), "vault.witnessNeeded"],
    [
      "the same one twice",
      () => client.call("exchange.begin", { credentials: [stolen, stolen] }),
      "vault.witnessNeeded",
    ],
    [
      "a voucher as one",
      () => client.call("exchange.begin", { credentials: [stolen, good] }),
      "signature.malformed",
    ],
    [
      "no exchange, load",
      () =>
        client.call("exchange.load", {
          exchange: "x",
          item: "ITEM-1",
          assignment: papers.assignment("ITEM-1"),
        }),
      "vault.noExchange",
    ],
    [
      "no exchange, unload",
      () => client.call("exchange.unload", { exchange: "x", slot: "1" }),
      "vault.noExchange",
    ],
    ["no exchange, end", () => client.call("exchange.end", { exchange: "x" }), "vault.noExchange"],
    [
      "a finding for a loaded slot",
      () => client.call("settle", { settlement: papers.settlement("1", "effect", "removed") }),
      "vault.nothingToSettle",
    ],
    ["a voucher as a finding", () => client.call("settle", { settlement: good }), "signature.malformed"],
  ];
  for (const [what, ask, reason] of staff) assert.is(code(await ask()), reason, what);

  assert.is(rig.written.length, silentSince, "bytes on a lock line");
  assert.is(rig.unlocks(), 1);

  // The journal holds what was refused, as far as a minute's share goes, and counts the rest.
  const journal = await client.call("journal.read", { after: 0 });
  assert.ok(journal.ok);
  const refusals = journal.value.body.rows.filter((row) => row.event === "request.refused");
  assert.is(refusals.length, 30);

  rig.clock.go();
  const outcomes: string[] = [];
  await Promise.all(
    Array.from({ length: BOARDS }, async (_, board) => {
      const own = await rig.client();
      for (let i = board * SLOTS + 1; i <= (board + 1) * SLOTS && i <= 100; i++)
        outcomes.push(await collect(rig, own, papers.voucher(`ITEM-${i}`)));
    }),
  );
  assert.equal(outcomes, Array(100).fill("taken"));
  assert.is(rig.unlocks(), 101);
  assert.equal(
    Object.entries(rig.plant.motions()).filter(
      ([slot, n]) => n !== (Number(slot) <= 100 || slot === "112" ? 1 : 0),
    ),
    [],
  );
});

test("it may go away in mid-hand-over, and the vault finishes alone", async (t) => {
  const rig = await wireRig(t);
  await rig.seed({ "ITEM-1": "1" });
  const client = await rig.start(startVault);
  const voucher = rig.papers.voucher("ITEM-1");
  const [challenge = ""] = await challenges(client, [voucher]);
  const command = newCommand();
  const attestation = rig.papers.attest(voucher, challenge);
  rig.onUnlock = () => client.close();
  await client.call("collect.release", { command, voucher, challenge, attestation });
  await client.closed;
  await eventually("the open latch was seen", () => rig.steps.includes("opened"));
  rig.takeFrom("1");
  const later = await rig.client();
  const outcome = async () => {
    const answer = await later.call("collect.outcome", { command });
    assert.ok(answer.ok);
    return answer.value.body.handover?.outcome;
  };
  assert.is(await eventually("it has ended", outcome), "taken");
  assert.is(rig.unlocks(), 1);
});

/** The same document with another key id in its head. */
function relabelled(jws: string, kid: string): string {
  const [, body, signature] = jws.split(".");
  const head = Buffer.from(JSON.stringify({ alg: "EdDSA", typ: "guichet.voucher.v1", kid })).toString(
    "base64url",
  );
  return `${head}.${body}.${signature}`;
}

run();
