import { mkdirSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { err, ok, type Result, systemClock } from "../../../../drivers/kit/index.ts";
import {
  type JournalReport,
  JournalReportSchema,
  type JournalRow,
  newSigningKey,
  type SigningKey,
  signJws,
  up,
  type Voucher,
  verifyJws,
} from "../../../../fleet/contract/index.ts";
import { Collections, VaultJournal } from "../../../../runtime/core/collections/index.ts";
import { Devices } from "../../../../runtime/core/devices/index.ts";
import { openCoreStore, type Store } from "../../../../runtime/core/store/index.ts";
import { ipcFault, listenUnix, Peer, type vaultEvents, vaultMethods } from "../../../../runtime/ipc/index.ts";
import { vaultFault } from "../../../../runtime/vault/faults.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { FakeLink, stateFolder } from "../../../support/office.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("collections");
const now = () => Math.floor(Date.now() / 1000);
const keys = {
  voucher: newSigningKey("voucher"),
  assignment: newSigningKey("assignment"),
  release: newSigningKey("release"),
  receipt: newSigningKey("receipt"),
};
const device = newSigningKey("unit");

interface FakeVault {
  ready: boolean;
  rows: JournalRow[];
  settled: string[];
  answerSettle: Result<Record<string, never>>;
  peers: Peer<Record<never, never>, Record<never, never>, typeof vaultEvents>[];
  server: Server;
}

/** A vault that only answers: the real one is tested elsewhere. */
async function fakeVault(t: TestContext, state: string): Promise<FakeVault> {
  mkdirSync(join(state, "run"), { recursive: true });
  const answer = <T>(body: T) => ok({ body, parts: [] });
  const vault: FakeVault = {
    ready: true,
    rows: [],
    settled: [],
    answerSettle: ok({}),
    peers: [],
    server: await listenUnix(join(state, "run", "vault", "socket"), (socket) => {
      vault.peers.push(
        new Peer(socket, {
          remote: {},
          incoming: {},
          local: vaultMethods,
          handlers: {
            status: async () => answer({ devices: [], slots: [], interlocks: [], ready: vault.ready }),
            settle: async (body: { settlement: string }) => {
              vault.settled.push(body.settlement);
              return vault.answerSettle.ok ? answer({}) : vault.answerSettle;
            },
            "journal.read": async (body: { after: number }) =>
              answer({
                rows: vault.rows.filter((row) => row.seq > body.after).slice(0, 100),
              }),
          } as never,
        }),
      );
    }),
  };
  t.after(() => {
    for (const peer of vault.peers) peer.close();
    vault.server.close();
  });
  return vault;
}

interface Rig {
  link: FakeLink;
  store: Store;
  collections: Collections;
  devices: Devices;
  vault: FakeVault;
  send(id: string, jws: string): Promise<void>;
}

async function rigOf(t: TestContext): Promise<Rig> {
  const state = stateFolder(t);
  const store = await openCoreStore(state);
  t.after(() => store.close());
  const vault = await fakeVault(t, state);
  const link = new FakeLink();
  const devices = new Devices(systemClock);
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
  });
  const common = { store, link: link.asLink, devices, configuration, clock: systemClock };
  const journal = new VaultJournal({ ...common, deviceKey: device });
  const collections = new Collections({ ...common, journal });
  devices.start(state, ["vault"]);
  collections.start();
  t.after(async () => {
    await Promise.all([collections.stop(), devices.stop()]);
  });
  await eventually("the vault is there", () => devices.connected("vault"));
  return { link, store, collections, devices, vault, send: (id, jws) => link.deliver("auth", [id], jws) };
}

const voucher = (over: Partial<Voucher> = {}, by: SigningKey = keys.voucher) =>
  signJws(
    "guichet.voucher.v1",
    {
      v: 1,
      id: "v-1",
      unit: "kt-01",
      item: "ITEM-1",
      reference: "KT01-000042-7",
      seq: 1,
      nbf: now() - 60,
      exp: now() + 600,
      keyId: "key-1",
      ...over,
    } satisfies Voucher,
    by,
  );
const settlement = (over: object = {}) =>
  signJws(
    "guichet.settlement.v1",
    {
      v: 1,
      id: "settle-1",
      unit: "kt-01",
      slot: "1",
      effect: "e-1",
      finding: "taken",
      operator: "anna",
      exp: now() + 600,
      ...over,
    },
    keys.release,
  );

test("a voucher is found by its receipt's key and by its reference, the latest of each item", async (t) => {
  const { collections, send } = await rigOf(t);
  const latest = voucher({ id: "v-2", seq: 2 });
  await send("v-2", latest);
  await send("v-1", voucher());
  await send("v-3", voucher({ id: "v-3", seq: 3, item: "ITEM-2" }));
  await send("v-4", voucher({ id: "v-4", keyId: "key-2", item: "ITEM-3", reference: "KT01-000043-5" }));
  const ids = async (found: Promise<{ id: string }[]>) => (await found).map(({ id }) => id);
  assert.equal(await ids(collections.vouchersOf("key-1")), ["v-3", "v-2"]);
  assert.equal(await ids(collections.vouchersOfReference("KT01-000042-7")), ["v-3", "v-2"]);
  assert.is((await collections.vouchersOf("key-1"))[1]?.jws, latest);
  assert.equal(await collections.vouchersOf("key-9"), []);
});

test("a lower sequence never replaces a higher one, and what has ended is gone", async (t) => {
  const { collections, send, store } = await rigOf(t);
  const second = voucher({ seq: 2 });
  await send("v-1", second);
  await send("v-1", voucher({ seq: 1 }));
  assert.is((await collections.vouchersOf("key-1"))[0]?.jws, second);
  const third = voucher({ seq: 3 });
  await send("v-1", third);
  assert.is((await collections.vouchersOf("key-1"))[0]?.jws, third);
  await send("v-9", voucher({ id: "v-9", exp: now() - 10, item: "ITEM-9" }));
  await send("v-8", voucher({ id: "v-8", item: "ITEM-8" }));
  assert.equal((await collections.vouchersOf("key-1")).map(({ id }) => id).toSorted(), ["v-1", "v-8"]);
  assert.is((await store.all("SELECT 1 FROM documents")).length, 2);
});

test("what is forged, foreign or signed by another role is not kept", async (t) => {
  const { collections, send, store } = await rigOf(t);
  await send("v-1", voucher({}, newSigningKey("voucher")));
  await send("v-1", voucher({ unit: "kt-02" }));
  await send("v-1", `${voucher().slice(0, -4)}AAAA`);
  await send("v-1", signJws("guichet.bundle.configuration.v1", {}, newSigningKey("configuration")));
  await send("v-1", "");
  assert.equal(await collections.vouchersOf("key-1"), []);
  assert.is((await store.all("SELECT 1 FROM documents")).length, 0);
});

test("assignments are found by their item", async (t) => {
  const { collections, send } = await rigOf(t);
  const assignment = { v: 1, id: "a-1", unit: "kt-01", item: "ITEM-1", nbf: now() - 60, exp: now() + 600 };
  const jws = signJws("guichet.assignment.v1", assignment, keys.assignment);
  await send("a-1", jws);
  assert.is(await collections.assignmentOf("ITEM-1"), jws);
  assert.is(await collections.assignmentOf("ITEM-2"), undefined);
});

test("an officer's release reaches the one who waits, and a topic cannot give it another document's name", async (t) => {
  const { collections, send, link, store } = await rigOf(t);
  const challenge = "c".repeat(22);
  assert.not.ok(await collections.requestRelease("v-1", challenge, "3"), "the centre is away");
  link.host(true);
  assert.ok(await collections.requestRelease("v-1", challenge, "3"));
  const released = new Promise<{ voucher: string }>((resolve) => collections.events.on("release", resolve));
  const release = { v: 1, unit: "kt-01", voucher: "v-1", challenge, operator: "anna", exp: now() + 60 };
  await send("v-1", signJws("guichet.release.v1", release, keys.release));
  assert.is((await released).voucher, "v-1");
  await send("v-1", voucher());
  assert.is((await collections.vouchersOf("key-1")).length, 1);
  assert.is((await store.all("SELECT 1 FROM documents")).length, 2);
});

test("the centre learns which documents are here", async (t) => {
  const { send, link } = await rigOf(t);
  await send("v-1", voucher({ seq: 7 }));
  link.host(true);
  const digest = await eventually("a digest", () =>
    link.sent.find(({ topic }) => topic === up.authState("kt-01")),
  );
  assert.equal(JSON.parse(digest.payload.toString()).d, { highSeq: 7, have: ["v-1"] });
});

test("a settlement reaches the vault once, also one that came while the vault was away or not ready", async (t) => {
  const { send, vault, devices } = await rigOf(t);
  const jws = settlement();
  await send("settle-1", jws);
  await send("settle-1", jws);
  await eventually("it was told", () => vault.settled.length > 0);
  vault.ready = false;
  for (const peer of vault.peers) peer.close();
  await eventually("away", () => !devices.vaultReady);
  const later = settlement({ id: "settle-2", slot: "2" });
  await send("settle-2", later);
  await eventually("connected again", () => devices.connected("vault"));
  vault.ready = true;
  vault.peers.at(-1)?.emit("slots", { slots: [], interlocks: [] });
  await eventually("the later one", () => vault.settled.length > 1);
  assert.equal(vault.settled, [jws, later]);
});

test("a settlement that the connection swallowed, or a vault that still recovers, is told again", async (t) => {
  for (const swallowed of [ipcFault("gone"), vaultFault("notReady")]) {
    const { send, vault } = await rigOf(t);
    vault.answerSettle = err(swallowed);
    await send("settle-1", settlement());
    await eventually("it was told", () => vault.settled.length > 0);
    vault.answerSettle = ok({});
    const told = vault.settled.length;
    for (const peer of vault.peers) peer.close();
    await eventually("it was told again", () => vault.settled.length > told);
  }
});

const row = (seq: number, detail = "x"): JournalRow => ({
  seq,
  at: 1,
  event: "handover.outcome",
  detail,
  prevHash: "0".repeat(64),
  hash: "1".repeat(64),
});
const ack = (upTo: number, over: object = {}, by = keys.receipt) =>
  signJws("guichet.ack.v1", { v: 1, unit: "kt-01", stream: "vault", upTo, iat: now(), ...over }, by);
const reports = (link: FakeLink): JournalReport[] =>
  link.sent
    .filter(({ topic }) => topic === up.event("kt-01", "vault"))
    .map(({ payload }) => {
      const report = verifyJws("guichet.event.v1", JournalReportSchema, payload.toString(), [device.public]);
      if (!report.ok) throw report.error;
      return report.value;
    });
const seqs = (report: JournalReport | undefined) => report?.rows.map(({ seq }) => seq);

test("the vault's journal goes up signed, from the last acknowledged row on", async (t) => {
  const { link, vault } = await rigOf(t);
  vault.rows = [row(1), row(2)];
  link.host(true);
  await eventually("a report", () => reports(link).length > 0);
  assert.equal(seqs(reports(link)[0]), [1, 2]);
  for (const bad of [
    ack(2, {}, newSigningKey("receipt")),
    ack(2, { unit: "kt-02" }),
    ack(2, { stream: "core" }),
  ])
    await link.deliver("auth", ["vault", "ack"], bad);
  vault.rows.push(row(3));
  for (const peer of vault.peers) peer.emit("journal", { seq: 3 });
  await eventually("a second report", () => reports(link).length > 1);
  assert.equal(seqs(reports(link).at(-1)), [1, 2, 3], "nothing was acknowledged yet");
  await link.deliver("auth", ["vault", "ack"], ack(2));
  await eventually("the rest", () => seqs(reports(link).at(-1))?.[0] === 3);
  await link.deliver("auth", ["vault", "ack"], ack(1, { iat: now() - 60 }));
  vault.rows.push(row(4));
  for (const peer of vault.peers) peer.emit("journal", { seq: 4 });
  await eventually("from the highest acknowledged on", () => seqs(reports(link).at(-1))?.includes(4));
  assert.equal(seqs(reports(link).at(-1)), [3, 4]);
  // A centre that was restored from yesterday's copy gets what it has lost.
  await link.deliver("auth", ["vault", "ack"], ack(1, { iat: now() + 60 }));
  await eventually("what it lacks", () => seqs(reports(link).at(-1))?.[0] === 2);
  assert.equal(seqs(reports(link).at(-1)), [2, 3, 4]);
});

test("a centre's clock that was once ahead holds nothing up: neither what it has since, nor what it has lost since", async (t) => {
  const { link, vault } = await rigOf(t);
  vault.rows = [1, 2, 3, 4].map((seq) => row(seq));
  link.host(true);
  const after = async (upTo: number, iat: number) => {
    await link.deliver("auth", ["vault", "ack"], ack(upTo, { iat }));
    const first = upTo + 1;
    await eventually(`from ${first} on`, () => seqs(reports(link).at(-1))?.[0] === first);
  };
  await after(2, now() + 86_400);
  await after(3, now());
  await after(1, now() + 1);
  // Said ahead of time too, which must not keep out what follows.
  await after(2, now() + 2);
  await after(0, now() + 86_400);
  await after(3, now());
});

test("an old word from before a loss skips nothing of what the centre lacks", async (t) => {
  const { link, vault } = await rigOf(t);
  vault.rows = [1, 2, 3, 4].map((seq) => row(seq));
  link.host(true);
  const lost = now();
  await link.deliver("auth", ["vault", "ack"], ack(3, { iat: lost - 600 }));
  await link.deliver("auth", ["vault", "ack"], ack(1, { iat: lost }));
  await eventually("what it lacks", () => seqs(reports(link).at(-1))?.[0] === 2);
  const before = reports(link).length;
  for (const replayed of [ack(2, { iat: lost - 3_600 }), ack(3, { iat: lost - 600 })])
    await link.deliver("auth", ["vault", "ack"], replayed);
  for (const peer of vault.peers) peer.emit("journal", { seq: 4 });
  await eventually("another report", () => reports(link).length > before);
  assert.equal(seqs(reports(link).at(-1)), [2, 3, 4]);
});

test("a long journal goes up in reports that a verifier takes", async (t) => {
  const { link, vault } = await rigOf(t);
  vault.rows = Array.from({ length: 300 }, (_, i) => ({
    ...row(i + 1, "d".repeat(200)),
    effect: "e".repeat(60),
    voucher: "v".repeat(60),
    slot: "s".repeat(60),
    operator: "o".repeat(60),
    outcome: "u".repeat(60),
    itemHash: "i".repeat(60),
  }));
  link.onPublish = (topic, payload) => {
    if (topic !== up.event("kt-01", "vault")) return true;
    const report = verifyJws("guichet.event.v1", JournalReportSchema, payload.toString(), [device.public]);
    if (!report.ok) throw report.error;
    void link.deliver("auth", ["vault", "ack"], ack(report.value.rows.at(-1)?.seq ?? 0));
    return true;
  };
  link.host(true);
  await eventually("all of it", () => seqs(reports(link).at(-1))?.at(-1) === 300);
  assert.equal(
    reports(link).flatMap((report) => seqs(report)),
    vault.rows.map(({ seq }) => seq),
  );
});

run();
