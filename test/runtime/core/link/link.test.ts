import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../../../drivers/kit/index.ts";
import { storeFault } from "../../../../drivers/store/index.ts";
import {
  dn,
  type Envelope,
  HOST_STATE,
  HostStateSchema,
  newSigningKey,
  type SigningKey,
  signJws,
  up,
  verifyJws,
} from "../../../../fleet/contract/index.ts";
import { Link } from "../../../../runtime/core/link/index.ts";
import { openCoreStore, type Store } from "../../../../runtime/core/store/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { type Mosquitto, makePki, type Pki, startMosquitto } from "../../../support/mosquitto.ts";
import { stateFolder } from "../../../support/office.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("link");

interface Rig {
  state: string;
  pki: Pki;
  broker: Mosquitto;
  store: Store;
  hostKey: SigningKey;
  /** Everything that the centre has heard, in order. */
  heard: { topic: string; payload: Buffer; retain: boolean }[];
  centre: MqttClient;
  newLink(clock?: Clock, backoff?: [number, number]): Link;
  host(online: boolean, by?: SigningKey): Promise<unknown>;
  envelopes(topic: string): Envelope[];
}

async function writeTls(pki: Pki, state: string, unit: string): Promise<void> {
  const { key, cert } = await pki.issue(unit);
  mkdirSync(join(state, "keys"), { recursive: true });
  writeFileSync(join(state, "keys", "tls.key"), key);
  writeFileSync(join(state, "keys", "tls.crt"), cert);
}

async function rigOf(t: TestContext): Promise<Rig> {
  const state = stateFolder(t);
  const pki = await makePki(join(state, "pki"));
  await writeTls(pki, state, "kt-01");
  const broker = await startMosquitto({ pki });
  t.after(() => broker.stop());
  const store = await openCoreStore(state);
  t.after(() => store.close());
  const hostKey = newSigningKey("host");
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: broker.url, ca: pki.ca },
      keys: [hostKey.public],
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
  });
  const { ca, cert, key } = await pki.issue("centre");
  const centre = await mqtt.connectAsync(broker.url, {
    ca,
    cert,
    key,
    protocolVersion: 5,
    reconnectPeriod: 50,
  });
  t.after(() => centre.endAsync(true));
  const heard: Rig["heard"] = [];
  centre.on("message", (topic, payload, { retain }) => heard.push({ topic, payload, retain }));
  await centre.subscribeAsync("k1/#", { qos: 1 });
  return {
    state,
    pki,
    broker,
    store,
    hostKey,
    heard,
    centre,
    newLink: (clock = systemClock, backoff = [20, 100]) => {
      const link = new Link({
        state,
        configuration,
        store,
        clock,
        birth: () => ({ online: true, version: "1.0.0" }),
        backoff,
      });
      t.after(() => link.stop());
      return link;
    },
    host: (online, by = hostKey) =>
      centre.publishAsync(
        HOST_STATE("centre"),
        signJws("guichet.host.v1", { v: 1, host: "centre", online, iat: Math.floor(Date.now() / 1000) }, by),
        { qos: 1, retain: true },
      ),
    envelopes: (topic) =>
      heard
        .filter((one) => one.topic === topic)
        .map(({ payload }) => JSON.parse(payload.toString()) as Envelope),
  };
}

const isUp = (link: Link) => new Promise<void>((resolve) => link.events.on("up", () => resolve()));

test("it says who it is, and believes that the centre is there only when the centre signs it", async (t) => {
  const rig = await rigOf(t);
  const link = rig.newLink();
  link.start();
  await isUp(link);
  await eventually("birth and state", () => rig.envelopes(up.state("kt-01")).length > 0);
  assert.equal(rig.envelopes(up.birth("kt-01"))[0]?.d, { online: true, version: "1.0.0" });
  assert.equal(rig.envelopes(up.state("kt-01")).at(-1)?.d, { online: true });
  assert.is(rig.envelopes(up.state("kt-01")).at(-1)?.clk.synced, false);
  assert.not.ok(link.hostOnline);
  await rig.host(true, newSigningKey("host"));
  await rig.centre.publishAsync(HOST_STATE("centre"), JSON.stringify({ online: true }), { qos: 1 });
  const heard: boolean[] = [];
  link.events.on("host", (online) => heard.push(online));
  const times: string[] = [];
  link.events.on("time", ({ jws }) => times.push(jws));
  await rig.host(true);
  await eventually("the centre is there", () => link.hostOnline);
  await rig.host(false);
  await eventually("the centre went away", () => !link.hostOnline);
  // Each is handed on as it was signed, for who verifies it anew.
  assert.is(times.length, 2);
  for (const jws of times)
    assert.ok(verifyJws("guichet.host.v1", HostStateSchema, jws, [rig.hostKey.public]).ok);
  assert.equal(heard, [true, false]);
  assert.ok(await link.report("x", up.event("kt-01", "x"), {}));
  const [event] = await eventually("the event", () => {
    const found = rig.envelopes(up.event("kt-01", "x"));
    return found.length > 0 && found;
  });
  assert.is(event?.clk.synced, true);
});

test("it comes back after each end of the broker, with a higher epoch and sequences from nought", async (t) => {
  const rig = await rigOf(t);
  const link = rig.newLink();
  link.start();
  await isUp(link);
  await link.report("metrics", up.telemetry("kt-01", "metrics"), {});
  await link.report("metrics", up.telemetry("kt-01", "metrics"), {});
  // Both of them: what the link sends before the centre listens again is heard by nobody.
  const areUp = () =>
    Promise.all([isUp(link), new Promise((resolve) => rig.centre.once("connect", resolve))]);
  let again = areUp();
  await rig.broker.restart();
  await again;
  again = areUp();
  await rig.broker.kill();
  // What is sent before it has noticed waits for its answer, and nobody here would give one.
  await eventually("it has noticed", () => !link.up);
  assert.not.ok(await link.publish(up.event("kt-01", "x"), "{}"), "not connected: the owner keeps it");
  await rig.broker.restart();
  await again;
  await rig.centre.subscribeAsync("k1/#", { qos: 1 });
  await link.report("metrics", up.telemetry("kt-01", "metrics"), {});
  const metrics = await eventually("three reports", () => {
    const found = rig.envelopes(up.telemetry("kt-01", "metrics"));
    return found.length >= 3 && found;
  });
  const [first, second, third] = metrics;
  assert.equal([first?.sq, second?.sq, third?.sq], [0, 1, 0]);
  assert.ok((third?.ep ?? 0) > (first?.ep ?? 0));
});

test("a broker that is not there keeps nobody waiting", async (t) => {
  const rig = await rigOf(t);
  await rig.broker.halt();
  const link = rig.newLink();
  const began = performance.now();
  link.start();
  assert.ok(performance.now() - began < 50);
  assert.not.ok(await link.publish(up.event("kt-01", "x"), "{}"));
  const up1 = isUp(link);
  await rig.broker.restart();
  await up1;
});

test("what came while it was away is delivered, stored before it is acknowledged, and again when it could not be", async (t) => {
  const rig = await rigOf(t);
  const first = rig.newLink();
  first.receive("auth", async () => undefined);
  first.start();
  await isUp(first);
  await first.stop();
  const states = rig.envelopes(up.state("kt-01"));
  assert.equal(states.at(-1)?.d, { online: false }, "it says goodbye");
  await rig.centre.publishAsync(dn.auth("kt-01", "v-1"), "voucher", { qos: 1 });
  const second = rig.newLink();
  const taken: string[] = [];
  second.receive("auth", async (path, payload) => {
    taken.push(`${path.join("/")} ${payload}`);
    if (taken.length === 1) throw storeFault("dead");
  });
  second.start();
  await eventually("it came twice", () => taken.length === 2);
  assert.equal(taken, ["v-1 voucher", "v-1 voucher"]);
  // Acknowledged now: another connection gets nothing any more.
  await second.stop();
  const third = rig.newLink();
  third.receive("auth", async (path) => void taken.push(path.join("/")));
  third.start();
  await isUp(third);
  await rig.centre.publishAsync(dn.auth("kt-01", "v-2"), "voucher", { qos: 1 });
  await eventually("the next one", () => taken.length === 3);
  assert.is(taken[2], "v-2");
});

test("a connection that ends at once is no reason to try again sooner; one that has lasted is", async (t) => {
  const rig = await rigOf(t);
  const waits: number[] = [];
  let later = 0;
  const link = rig.newLink(
    {
      ...systemClock,
      mono: () => systemClock.mono() + later,
      sleep: (ms, signal) => {
        // The link's own waits are shorter than that for the answer to a publish.
        if (ms < 20_000) waits.push(ms);
        return systemClock.sleep(ms, signal);
      },
    },
    [20, 10_000],
  );
  let refused = 0;
  let isThere = false;
  link.events.on("up", () => {
    isThere = true;
  });
  link.events.on("down", () => {
    isThere = false;
  });
  link.receive("auth", async () => {
    if (waits.length >= 4) return;
    refused++;
    throw storeFault("dead");
  });
  link.start();
  await isUp(link);
  await rig.centre.publishAsync(dn.auth("kt-01", "v-1"), "voucher", { qos: 1 });
  await eventually("four ends", () => waits.length === 4);
  assert.is(refused, 4);
  assert.ok((waits[3] ?? 0) >= 80, `waits ${waits}`);
  await eventually("up after the fourth", () => isThere);
  later = 60_000;
  await rig.broker.restart();
  await eventually("a fifth", () => waits.length >= 5);
  assert.ok((waits[4] ?? 99) <= 20, `waits ${waits}`);
});

test("another unit's topics deliver nothing, and what it may not say the broker refuses", async (t) => {
  const rig = await rigOf(t);
  const link = rig.newLink();
  const taken: string[] = [];
  link.receive("auth", async ([id = ""]) => void taken.push(id));
  link.start();
  await isUp(link);
  assert.not.ok(await link.publish(up.event("kt-02", "x"), "{}"));
  assert.not.ok(await link.publish(dn.auth("kt-01", "self"), "{}"));
  assert.not.ok(
    await link.publish(up.event("kt-01", "large"), Buffer.alloc(300_000)),
    "never sent: it would loop",
  );
  assert.ok(await link.publish(up.event("kt-01", "x"), "{}"), "and the connection lives");
  await rig.centre.publishAsync(dn.auth("kt-02", "foreign"), "x", { qos: 1 });
  await rig.centre.publishAsync(dn.auth("kt-01", "own"), "x", { qos: 1 });
  await eventually("its own", () => taken.length > 0);
  assert.equal(taken, ["own"]);
  assert.not.ok(rig.heard.some(({ topic }) => topic.includes("kt-02/up")));
});

test("the certificate of another unit is of no use for this one's topics", async (t) => {
  const rig = await rigOf(t);
  await writeTls(rig.pki, rig.state, "kt-02");
  const link = rig.newLink();
  const taken: string[] = [];
  link.receive("auth", async ([id = ""]) => void taken.push(id));
  link.start();
  await eventually("connected", () => link.up);
  await rig.centre.publishAsync(dn.auth("kt-01", "v-1"), "x", { qos: 1 });
  assert.not.ok(await link.publish(up.event("kt-01", "x"), "{}"));
  assert.equal(taken, []);
  assert.not.ok(rig.heard.some(({ topic }) => topic.startsWith("k1/d/kt-01/up/")));
});

test("a client without a certificate of the broker's authority gets nowhere", async (t) => {
  const rig = await rigOf(t);
  const foreign = await makePki(join(rig.state, "foreign"));
  await writeTls(foreign, rig.state, "kt-01");
  const link = rig.newLink();
  let downs = 0;
  link.events.on("down", () => downs++);
  link.start();
  await eventually("refused again and again", () => downs >= 2);
  assert.not.ok(link.up);
});

test("stopping while it tries ends at once", async (t) => {
  const rig = await rigOf(t);
  await rig.broker.halt();
  const link = rig.newLink();
  link.start();
  await new Promise((resolve) => link.events.on("down", () => resolve(undefined)));
  const began = performance.now();
  await link.stop();
  assert.ok(performance.now() - began < 500);
});

run();
