import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import * as assert from "uvu/assert";
import { mayPublish, mayRead, startEmbeddedBroker } from "../../../fleet/broker/index.ts";
import { suite } from "../../kit.ts";
import { makePki, type Pki, startMosquitto } from "../../support/mosquitto.ts";

const { test, run } = suite("broker");

async function joined(url: string, pki: Pki, name: string, clientId = name): Promise<MqttClient> {
  const { ca, cert, key } = await pki.issue(name);
  const client = mqtt.connect(url, {
    ca,
    cert,
    key,
    clientId,
    protocolVersion: 5,
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
    reconnectPeriod: 0,
  });
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
  return client;
}

/** Sends a mark after everything else: when all have it, what came before it has come or never will. */
async function settled(centre: MqttClient, id: string, ...all: MqttClient[]): Promise<void> {
  const marks = all.map(
    (client) =>
      new Promise<void>((resolve) => {
        client.on("message", (topic) => topic.endsWith("/mark") && resolve());
      }),
  );
  await centre.publishAsync(`k1/d/${id}/dn/mark`, "", { qos: 1 });
  await Promise.all(marks);
}

for (const kind of ["mosquitto", "embedded"] as const) {
  const setUp = async (t: { after(f: () => unknown): void }) => {
    const dir = mkdtempSync(join(tmpdir(), "guichet-pki-"));
    t.after(() => rmSync(dir, { recursive: true }));
    const pki = await makePki(dir);
    const broker =
      kind === "mosquitto"
        ? await startMosquitto({ pki })
        : await startEmbeddedBroker({ tls: pki.server, port: 0 });
    t.after(() => broker.stop());
    const [centre, a, b] = [
      await joined(broker.url, pki, "centre"),
      await joined(broker.url, pki, "kt-01"),
      await joined(broker.url, pki, "kt-02"),
    ];
    t.after(() => Promise.all([centre, a, b].map((client) => client.endAsync(true))));
    return { pki, broker, centre, a, b };
  };

  test(`${kind}: another unit's topics deliver nothing, in either direction`, async (t) => {
    const { centre, a, b } = await setUp(t);
    const seenByA: string[] = [];
    const seenByCentre: string[] = [];
    a.on("message", (topic) => seenByA.push(topic));
    centre.on("message", (topic) => seenByCentre.push(topic));
    await centre.subscribeAsync("k1/#", { qos: 1 });
    // a SUBACK proves nothing on mosquitto: only delivery counts
    await a
      .subscribeAsync(["k1/d/kt-01/dn/#", "k1/d/kt-02/dn/#", "k1/d/kt-02/up/#", "#", "k1/d/+/dn/#"], {
        qos: 1,
      })
      .catch(() => undefined);
    await a.subscribeAsync("k1/d/kt-01/dn/#", { qos: 1 });
    await a.subscribeAsync("k1/host/+/state", { qos: 1 });
    await centre.publishAsync("k1/d/kt-02/dn/sub/s/r", "not yours", { qos: 1 });
    await b.publishAsync("k1/d/kt-02/up/sub/s/m", "not yours", { qos: 1 });
    await centre.publishAsync("k1/host/centre/state", "on", { qos: 1, retain: true });
    for (const topic of ["k1/d/kt-02/up/sub/s/m", "k1/d/kt-01/dn/sub/s/r", "k1/host/centre/state", "k1/x"])
      await a.publishAsync(topic, "forged", { qos: 1 }).catch(() => undefined);
    await a.publishAsync("k1/d/kt-01/up/sub/s/m", "own", { qos: 1 });
    await settled(centre, "kt-01", a, centre);
    assert.equal([...new Set(seenByA)].sort(), ["k1/d/kt-01/dn/mark", "k1/host/centre/state"]);
    assert.equal([...new Set(seenByCentre)].sort(), [
      "k1/d/kt-01/dn/mark",
      "k1/d/kt-01/up/sub/s/m",
      "k1/d/kt-02/dn/sub/s/r",
      "k1/d/kt-02/up/sub/s/m",
      "k1/host/centre/state",
    ]);
  });

  test(`${kind}: another unit's client id takes nothing over`, async (t) => {
    const { pki, broker, centre, a } = await setUp(t);
    let lost = false;
    a.on("close", () => {
      lost = true;
    });
    await a.subscribeAsync("k1/d/kt-01/dn/#", { qos: 1 });
    const thief = await joined(broker.url, pki, "kt-03", "kt-01").catch(() => undefined);
    if (thief) {
      t.after(() => thief.endAsync(true));
      assert.is(thief.connected, true);
    }
    await settled(centre, "kt-01", a);
    assert.is(lost, false);
  });

  test(`${kind}: a client without a certificate of the authority does not come in`, async (t) => {
    const { broker, pki } = await setUp(t);
    const dir = mkdtempSync(join(tmpdir(), "guichet-pki-"));
    t.after(() => rmSync(dir, { recursive: true }));
    const foreign = await (await makePki(dir)).issue("kt-01");
    for (const own of [{}, { cert: foreign.cert, key: foreign.key }]) {
      const client = mqtt.connect(broker.url, {
        ca: pki.ca,
        ...own,
        clientId: "kt-01",
        protocolVersion: 5,
        reconnectPeriod: 0,
      });
      t.after(() => client.endAsync(true));
      const came = await new Promise<boolean>((resolve) => {
        client.once("connect", () => resolve(true));
        client.once("error", () => resolve(false));
        client.once("close", () => resolve(false));
      });
      assert.is(came, false);
    }
  });
}

test("mosquitto keeps a session and its queue over a restart", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "guichet-pki-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const pki = await makePki(dir);
  const broker = await startMosquitto({ pki });
  t.after(() => broker.stop());
  const unit = await joined(broker.url, pki, "kt-01");
  await unit.subscribeAsync("k1/d/kt-01/dn/#", { qos: 1 });
  await unit.endAsync();
  const centre = await joined(broker.url, pki, "centre");
  await centre.publishAsync("k1/d/kt-01/dn/mark", "kept", { qos: 1 });
  await centre.endAsync();
  await broker.restart();
  const { ca, cert, key } = await pki.issue("kt-01");
  // not by `joined`: the queued message comes with the CONNACK, before anybody could listen
  const again = mqtt.connect(broker.url, {
    ca,
    cert,
    key,
    clientId: "kt-01",
    protocolVersion: 5,
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
  });
  t.after(() => again.endAsync(true));
  const text = await new Promise((resolve) =>
    again.once("message", (_t, payload) => resolve(String(payload))),
  );
  assert.is(text, "kept");
});

test("the rules of the embedded broker, one by one", () => {
  assert.ok(mayPublish("kt-01", "k1/d/kt-01/up/birth", "centre"));
  assert.not.ok(mayPublish("kt-01", "k1/d/kt-02/up/birth", "centre"));
  assert.not.ok(mayPublish("kt-01", "k1/d/kt-01/dn/auth/x", "centre"));
  assert.not.ok(mayPublish("", "k1/d//up/birth", "centre"));
  assert.ok(mayRead("kt-01", "k1/d/kt-01/dn/#", "centre"));
  assert.ok(mayRead("kt-01", "k1/host/+/state", "centre"));
  for (const filter of [
    "#",
    "k1/#",
    "k1/d/+/dn/#",
    "k1/d/kt-02/dn/#",
    "k1/host/#",
    "$SYS/#",
    "k1/d/kt-01/up/#",
  ])
    assert.not.ok(mayRead("kt-01", filter, "centre"), filter);
  assert.not.ok(mayRead("centre", "$SYS/#", "centre"));
});

run();
