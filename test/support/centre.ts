import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { defer, newId, setLog } from "../../drivers/kit/index.ts";
import { startEmbeddedBroker } from "../../fleet/broker/index.ts";
import {
  type Envelope,
  newCollectionKey,
  newSigningKey,
  type PacketContent,
  type PacketPart,
  type SigningKey,
  sealPacket,
  transportChunks,
} from "../../fleet/contract/index.ts";
import { type Centre, type CentreOptions, startCentre } from "../../fleet/server/index.ts";
import type { TestContext } from "../kit.ts";
import { makePki, type Pki, startMosquitto } from "./mosquitto.ts";

export type BrokerKind = "mosquitto" | "embedded";

export interface CentreSetup {
  pki: Pki;
  centre: Centre;
  brokerUrl: string;
  dir: string;
  /** Log lines since the start. */
  lines: Record<string, unknown>[];
  /** Stops the centre and starts it again on the same state. */
  again(): Promise<Centre>;
}

/** A centre with a broker of its own; everything ends with the test. */
export async function setUpCentre(
  t: TestContext,
  kind: BrokerKind,
  options: Partial<CentreOptions> = {},
): Promise<CentreSetup> {
  const lines: Record<string, unknown>[] = [];
  setLog({ sink: (line) => lines.push(line) });
  const dir = mkdtempSync(join(tmpdir(), "guichet-centre-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const pki = await makePki(join(dir, "pki"));
  const broker =
    kind === "mosquitto"
      ? await startMosquitto({ pki })
      : await startEmbeddedBroker({ tls: pki.server, port: 0 });
  t.after(() => broker.stop());
  const start = async () =>
    startCentre({
      dir: join(dir, "centre"),
      brokerUrl: broker.url,
      tls: await pki.issue("centre"),
      port: 0,
      matcher: { score: () => undefined },
      ...options,
    });
  const setup: CentreSetup = {
    pki,
    brokerUrl: broker.url,
    dir,
    lines,
    centre: await start(),
    again: async () => {
      await setup.centre.stop();
      setup.centre = await start();
      await setup.centre.connected;
      return setup.centre;
    },
  };
  t.after(() => setup.centre.stop());
  await setup.centre.connected;
  return setup;
}

export interface TestUnit {
  id: string;
  device: SigningKey;
  client: MqttClient;
  /** Everything that has come, in order. */
  inbox: { topic: string; payload: Buffer }[];
  /** The next message whose topic ends so, from now on. */
  next(end: string): Promise<{ topic: string; payload: Buffer }>;
  publish(topic: string, payload: string | Uint8Array): Promise<unknown>;
  envelope(kind: string, d: unknown): string;
}

/** A registered unit's side of the link, by hand. */
export async function joinUnit(
  t: TestContext,
  { centre, pki, brokerUrl }: CentreSetup,
  id = "kt-01",
  services = ["hkic-application", "passport-application"],
): Promise<TestUnit> {
  const device = newSigningKey("unit");
  await centre.registerUnit({ unit: id, deviceKey: device.public, services });
  const { ca, cert, key } = await pki.issue(id);
  const client = await mqtt.connectAsync(brokerUrl, { ca, cert, key, clientId: id, protocolVersion: 5 });
  t.after(() => client.endAsync(true));
  const inbox: TestUnit["inbox"] = [];
  const waiting = new Set<{ end: string; found: (message: TestUnit["inbox"][number]) => void }>();
  client.on("message", (topic, payload) => {
    inbox.push({ topic, payload });
    for (const one of waiting)
      if (topic.endsWith(one.end)) {
        waiting.delete(one);
        one.found({ topic, payload });
      }
  });
  await client.subscribeAsync(`k1/d/${id}/dn/#`, { qos: 1 });
  let sq = 0;
  return {
    id,
    device,
    client,
    inbox,
    next: (end) => {
      const { promise, resolve } = defer<TestUnit["inbox"][number]>();
      waiting.add({ end, found: resolve });
      return promise;
    },
    publish: (topic, payload) => client.publishAsync(topic, Buffer.from(payload), { qos: 1 }),
    envelope: (kind, d) => {
      const envelope: Envelope = {
        v: 1,
        id: newId(),
        dev: id,
        ep: 1,
        sq: ++sq,
        ts: Date.now(),
        mt: performance.now(),
        bt: "boot-1",
        clk: { synced: true },
        k: kind,
        d,
      };
      return JSON.stringify(envelope);
    },
  };
}

/** A packet as a unit would make it, about nobody. */
export async function makeSubmission(
  unit: TestUnit,
  centre: Centre,
  over: { sid?: string; reference?: string; services?: string[]; template?: Uint8Array } = {},
) {
  const collectionKey = newCollectionKey();
  const sid = over.sid ?? newId();
  const content: PacketContent = {
    v: 1,
    sid,
    unit: unit.id,
    reference: over.reference ?? "KT01-000042-7",
    at: Date.now(),
    language: "en",
    applications: (over.services ?? ["hkic-application"]).map((service) => ({
      service,
      fields: { surname: "MARKEDSURNAME", givenNames: "Ada Fictional", phone: "5550 1234" },
    })),
    identity: { number: "X123456A", dateOfBirth: "1984-03-12", way: "centre" },
    collectionKey: collectionKey.toString("base64url"),
    captures: [
      { part: "photo", kind: "photo" },
      { part: "finger-1", kind: "fingerImage", position: 1, width: 256, height: 288, quality: 88 },
      {
        part: "template-1",
        kind: "fingerTemplate",
        position: 1,
        quality: 88,
        templateFormat: "ef01-r503-1536",
      },
      { part: "signature", kind: "signature" },
    ],
  };
  const template = over.template ?? Buffer.alloc(1536, 7);
  const { default: sharp } = await import("sharp");
  const photo = await sharp({
    create: { width: 300, height: 400, channels: 3, background: { r: 190, g: 205, b: 214 } },
  })
    .jpeg()
    .toBuffer();
  const ridges = Buffer.from(
    Array.from(
      { length: 256 * 288 },
      (_, i) => 128 + 120 * Math.sin(Math.hypot((i % 256) - 128, i / 256 - 150) / 3),
    ),
  );
  const strokes = Buffer.from(
    JSON.stringify([
      [
        [100, 500],
        [300, 200],
        [500, 700],
        [900, 400],
      ],
    ]),
  );
  const parts: PacketPart[] = [
    { name: "photo", mediaType: "image/jpeg", bytes: photo },
    { name: "finger-1", mediaType: "image/x-grey", bytes: ridges },
    { name: "template-1", mediaType: "application/octet-stream", bytes: template },
    { name: "signature", mediaType: "application/json", bytes: strokes },
  ];
  const seal = centre.keys.sealTo[0];
  if (!seal) throw new Error("no sealing key");
  const sealed = await sealPacket({ content, parts, createdAt: Date.now() }, seal, unit.device);
  return { sid, content, collectionKey, template, ...sealed, chunks: transportChunks(sealed.ciphertext) };
}
export type TestSubmission = Awaited<ReturnType<typeof makeSubmission>>;

/** Sends a whole submission and resolves with its receipt's token. */
export async function sendSubmission(unit: TestUnit, submission: TestSubmission): Promise<string> {
  const base = `k1/d/${unit.id}/up/sub/${submission.sid}`;
  const need = unit.next("/r");
  await unit.publish(`${base}/m`, submission.jws);
  await need;
  const receipt = unit.next("/r");
  for (const [n, chunk] of submission.chunks.entries()) await unit.publish(`${base}/c/${n}`, chunk);
  return (await receipt).payload.toString();
}
