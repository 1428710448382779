import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Emitter, isFault, sha256Hex, systemClock } from "../../drivers/kit/index.ts";
import {
  type Manifest,
  ManifestSchema,
  newReplyKey,
  newSigningKey,
  openPacket,
  type Receipt,
  type SealKey,
  type SigningKey,
  signJws,
  up,
  verifyJws,
} from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import type { Link, Receiver } from "../../runtime/core/link/index.ts";
import { openCoreStore, type Store } from "../../runtime/core/store/index.ts";
import { type Draft, Submissions } from "../../runtime/core/submissions/index.ts";
import type { TestContext } from "../kit.ts";
import { unitConfiguration } from "./unit.ts";

/** A temporary state folder that goes with the test. */
export function stateFolder(t: Pick<TestContext, "after">): string {
  const state = mkdtempSync(join(tmpdir(), "guichet-core-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  return state;
}

/** The unit's link as its owners see it, to be switched and listened to by a test. */
export class FakeLink {
  readonly events: Link["events"] = new Emitter();
  readonly receivers = new Map<string, Receiver>();
  readonly sent: { topic: string; payload: Buffer }[] = [];
  receiveMaximum = 20;
  up = true;
  hostOnline = false;
  readonly answerTopic = up.answer("kt-01");
  /** What becomes of a publish; true when the broker has it. */
  onPublish: (topic: string, payload: Buffer) => boolean | Promise<boolean> = () => true;

  receive(kind: string, receiver: Receiver): void {
    this.receivers.set(kind, receiver);
  }

  async publish(topic: string, payload: string | Uint8Array): Promise<boolean> {
    if (!this.up) return false;
    const bytes = Buffer.from(payload as Uint8Array);
    this.sent.push({ topic, payload: bytes });
    return this.onPublish(topic, bytes);
  }

  report(_kind: string, topic: string, body: unknown): Promise<boolean> {
    return this.publish(topic, JSON.stringify({ d: body }));
  }

  /** A message below `dn`, as the broker would deliver it. */
  async deliver(kind: string, path: string[], payload: string): Promise<void> {
    await this.receivers.get(kind)?.(path, Buffer.from(payload));
  }

  host(online: boolean): void {
    this.hostOnline = online;
    this.events.emit("host", online);
  }

  get asLink(): Link {
    return this as unknown as Link;
  }
}

export interface CentreInMemory {
  receiptKey: SigningKey;
  sealKey: SealKey;
  /** Times that a submission was counted, by sid. */
  counted: Map<string, number>;
  /** Opened parts of a counted submission. */
  photos: Map<string, Buffer>;
  chunksReceived: number;
  /** Receipts that a test wants lost, by their state; counts down. */
  lose: Partial<Record<Receipt["state"], number>>;
  twice: boolean;
  reject: boolean;
  receipt(sid: string, state: Receipt["state"], over?: Partial<Receipt>, by?: SigningKey): string;
  serve(link: FakeLink, unit: SigningKey): void;
}

/** A centre that keeps what it gets in memory and answers as k1 says, with faults to order. */
export function centreInMemory(unitId: string): CentreInMemory {
  const manifests = new Map<string, { jws: string; manifest: Manifest; chunks: Map<number, Buffer> }>();
  const centre: CentreInMemory = {
    receiptKey: newSigningKey("receipt"),
    sealKey: { ...newReplyKey(), kid: "seal-1" },
    counted: new Map(),
    photos: new Map(),
    chunksReceived: 0,
    lose: {},
    twice: false,
    reject: false,
    receipt: (sid, state, over = {}, by = centre.receiptKey) =>
      signJws(
        "guichet.receipt.v1",
        {
          v: 1,
          sid,
          unit: unitId,
          manifestHash: sha256Hex(manifests.get(sid)?.jws ?? ""),
          state,
          iat: 1,
          ...over,
        } satisfies Receipt,
        by,
      ),
    serve: (link, unit) => {
      const answer = async (sid: string, state: Receipt["state"], over: Partial<Receipt> = {}) => {
        const left = centre.lose[state] ?? 0;
        if (left > 0) {
          centre.lose[state] = left - 1;
          return;
        }
        for (let i = 0; i < (centre.twice ? 2 : 1); i++)
          await link.deliver("sub", [sid, "r"], centre.receipt(sid, state, over)).catch((error) => {
            // What a store that is closed cannot keep stays with the broker.
            if (!isFault(error, "store.dead")) throw error;
          });
      };
      const advance = async (sid: string) => {
        const stored = manifests.get(sid);
        if (!stored) return;
        const missing = stored.manifest.chunks.flatMap((_, n): [number, number][] =>
          stored.chunks.has(n) ? [] : [[n, n]],
        );
        if (centre.reject) return answer(sid, "rejected", { reason: "conflict" });
        if (missing.length > 0) return answer(sid, "need", { missing });
        if (!centre.counted.has(sid)) {
          // taken before the packet is open, so that a query that comes meanwhile does not count it again
          centre.counted.set(sid, 1);
          const whole = Buffer.concat(
            stored.manifest.chunks.map((_, n) => stored.chunks.get(n) ?? Buffer.alloc(0)),
          );
          const opened = await openPacket(stored.manifest, whole, centre.sealKey);
          if (!opened.ok) throw opened.error;
          centre.photos.set(sid, opened.value.parts.get("photo") ?? Buffer.alloc(0));
        }
        return answer(sid, "accepted");
      };
      link.onPublish = (topic, payload) => {
        const [, , , , , sid = "", kind, n] = topic.split("/");
        if (kind === "m") {
          const manifest = verifyJws("guichet.manifest.v1", ManifestSchema, payload.toString(), [
            unit.public,
          ]);
          if (!manifest.ok) throw manifest.error;
          if (!manifests.has(sid))
            manifests.set(sid, { jws: payload.toString(), manifest: manifest.value, chunks: new Map() });
        }
        if (kind === "c") {
          centre.chunksReceived++;
          manifests.get(sid)?.chunks.set(Number(n), payload);
        }
        if (kind === "m" || kind === "q") queueMicrotask(() => void advance(sid));
        return true;
      };
    },
  };
  return centre;
}

export interface SubmissionsRig {
  state: string;
  configuration: UnitConfiguration;
  device: SigningKey;
  centre: CentreInMemory;
  link: FakeLink;
  store: Store;
  submissions: Submissions;
  /** Ends this life without a goodbye to anyone and begins the next one on the same state. */
  again(): Promise<void>;
  /** Sealed packets on the disk. */
  files(): string[];
}

/** The core's submissions on a real store, with a link and a centre in memory. */
export async function submissionsRig(t: Pick<TestContext, "after">): Promise<SubmissionsRig> {
  const state = stateFolder(t);
  const device = newSigningKey("unit");
  const centre = centreInMemory("kt-01");
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: [centre.receiptKey.public, newSigningKey("voucher").public],
      sealTo: [{ kid: centre.sealKey.kid, x: centre.sealKey.x }],
    },
  });
  const open = async () => {
    const link = new FakeLink();
    const store = await openCoreStore(state);
    const submissions = new Submissions({
      state,
      configuration,
      store,
      link: link.asLink,
      deviceKey: device,
      clock: systemClock,
      patienceMs: 40,
    });
    await submissions.recover();
    centre.serve(link, device);
    return { link, store, submissions };
  };
  const close = async () => {
    await rig.submissions.stop();
    await rig.store.close();
  };
  const rig: SubmissionsRig = {
    state,
    configuration,
    device,
    centre,
    ...(await open()),
    again: async () => {
      await close();
      Object.assign(rig, await open());
    },
    files: () => readdirSync(join(state, "store", "packets")),
  };
  t.after(close);
  return rig;
}

export const PHOTO = Buffer.from(Array.from({ length: 150_000 }, (_, i) => (i * 7919) & 255));

export const draft = (): Draft => ({
  language: "en",
  applications: [{ service: "hkic-application", fields: { surname: "MARKEDSURNAME" } }],
  identity: { way: "officer", number: "X123456A" },
  captures: [{ part: "photo", kind: "photo" }],
  parts: [{ name: "photo", mediaType: "image/jpeg", bytes: PHOTO }],
});
