import { connect } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { encodeFrame, vaultMethods } from "../../../runtime/ipc/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { suite } from "../../kit.ts";
import { collect, newCommand, wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";

/** Papers that differ from a good one by one bit, and messages of the right shape that say nonsense. */
const { test, run } = suite("forged papers");

/** The document with one bit of one part's bytes flipped. */
function flipped(jws: string, part: number, bit: number): string {
  const parts = jws.split(".").map((text) => Buffer.from(text, "base64url"));
  const bytes = parts[part] ?? Buffer.alloc(0);
  const at = bit % (bytes.length * 8);
  bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
  return parts.map((text) => text.toString("base64url")).join(".");
}

/** Numbers of 32 bits, the same for the same seed. */
function draw(seed: number): () => number {
  let x = seed;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x >>> 4;
  };
}

test("one flipped bit in any part of any paper is refused with a reason, and nothing is sent", async (t) => {
  const rig = await wireRig(t, { slots: 3 });
  await rig.seed({ "ITEM-1": "1" });
  const client = await rig.start(startVault);
  const { papers } = rig;
  const next = draw(11);
  const voucher = papers.voucher("ITEM-1");
  const begun = await client.call("collect.begin", { voucher });
  assert.ok(begun.ok);
  const { challenge } = begun.value.body;
  const good = { voucher, challenge };
  const [anna, bert] = [papers.credential("anna"), papers.credential("bert")];
  const settlement = papers.settlement("1", "effect", "removed");
  const tries: Record<string, (forged: (jws: string) => string) => Promise<Parameters<typeof code>[0]>> = {
    voucher: (forged) => client.call("collect.begin", { voucher: forged(voucher) }),
    attestation: (forged) =>
      client.call("collect.release", {
        ...good,
        command: newCommand(),
        attestation: forged(papers.attest(voucher, challenge)),
      }),
    release: (forged) =>
      client.call("collect.release", {
        ...good,
        command: newCommand(),
        release: forged(papers.release(voucher, challenge)),
      }),
    credential: (forged) => client.call("exchange.begin", { credentials: [anna, forged(bert)] }),
    settlement: (forged) => client.call("settle", { settlement: forged(settlement) }),
  };
  for (const [what, ask] of Object.entries(tries)) {
    for (const part of [0, 1, 2]) {
      for (let i = 0; i < 12; i++) {
        const bit = next();
        const reason = code(await ask((jws) => flipped(jws, part, bit)));
        assert.match(reason, /^signature\.(bad|malformed|unknownKey)$/, `${what}, part ${part}, bit ${bit}`);
      }
    }
  }
  const exchange = await client.call("exchange.begin", { credentials: [anna, bert] });
  assert.ok(exchange.ok);
  for (const part of [0, 1, 2]) {
    const assignment = flipped(papers.assignment("ITEM-2"), part, next());
    const load = { exchange: exchange.value.body.exchange, item: "ITEM-2", assignment };
    assert.match(code(await client.call("exchange.load", load)), /^signature\./);
  }
  assert.is(rig.unlocks(), 0);
  assert.is(code(await client.call("exchange.end", { exchange: exchange.value.body.exchange })), "ok");
  // The last letter of a signature has four bits that mean nothing: the same paper in another spelling is used up too.
  assert.is(await collect(rig, client, voucher), "taken");
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const respelled = voucher.slice(0, -1) + letters[letters.indexOf(voucher.slice(-1)) ^ 1];
  assert.not.equal(respelled, voucher);
  assert.is(await collect(rig, client, respelled), "vault.consumed");
  assert.is(rig.unlocks(), 1);
});

test("well-formed messages of nonsense, and events like built-ins, move nothing and leave the vault at work", async (t) => {
  const rig = await wireRig(t, { slots: 2 });
  await rig.seed({ "ITEM-1": "1" });
  const client = await rig.start(startVault);
  const next = draw(23);
  const values = [null, true, -1, 1e300, "", "1", "x".repeat(64), [], [["a"]], {}, { __proto__: null, a: 1 }];
  const value = () => values[next() % values.length];
  const names = [
    "voucher",
    "challenge",
    "command",
    "credentials",
    "exchange",
    "item",
    "slot",
    "settlement",
    "after",
  ];
  const asked = client as unknown as {
    call(method: string, body: unknown): Promise<Parameters<typeof code>[0]>;
  };
  const harmless = new Set(["status", "sensor.read", "collect.outcome", "journal.read"]);
  for (const method of Object.keys(vaultMethods)) {
    for (let i = 0; i < 30; i++) {
      const body =
        i % 6 === 0 ? value() : Object.fromEntries(names.map((name) => [name, value()]).slice(next() % 9));
      const reason = code(await asked.call(method, body));
      if (!harmless.has(method)) assert.is.not(reason, "ok", `${method} ${JSON.stringify(body)}`);
    }
  }
  for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
    const socket = connect(join(rig.state, "run", "vault", "socket"));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("error", () => undefined);
    socket.write(encodeFrame({ t: "e", name, body: {} }, []));
    socket.resume();
    await closed;
  }
  assert.is(rig.unlocks(), 0);
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
});

run();
