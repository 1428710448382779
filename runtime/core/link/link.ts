import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import {
  Backoff,
  type Clock,
  commonJs,
  defineEvents,
  Emitter,
  newId,
  within,
} from "../../../drivers/kit/index.ts";
import {
  dn,
  type Envelope,
  HOST_STATE,
  HostStateSchema,
  type UnitReport,
  up,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { nextCounter, type Store } from "../store/index.ts";
import { CONNECTION } from "./connection.ts";

const log = defineEvents("link", {
  up: { level: "info", what: "Connected to the broker", fields: ["epoch"] },
  down: {
    level: "warn",
    what: "The connection to the broker has ended; it is tried again for ever",
    fields: ["waitMs"],
  },
  host: { level: "info", what: "The centre says whether it is there", fields: ["online"] },
  refused: { level: "warn", what: "The broker refused a message", fields: ["kind"] },
  ignored: { level: "warn", what: "A message from the broker was not taken", fields: ["kind"] },
  unkept: {
    level: "error",
    what: "A message could not be stored; it is not acknowledged, so that the broker sends it again",
    fields: ["kind"],
  },
  failed: { level: "warn", what: "An attempt to connect failed", fields: [] },
});

export interface LinkOptions {
  state: string;
  configuration: UnitConfiguration;
  store: Store;
  clock: Clock;
  /** What the unit says of itself when it has connected. */
  birth: () => UnitReport;
  /** Shortest and longest wait between two attempts, ms. */
  backoff?: [number, number];
}

/** A message below `dn` of this unit: the rest of its topic and its bytes. It must be durable when this resolves. */
export type Receiver = (path: string[], payload: Buffer) => Promise<void>;

const SESSION_S = 86_400;
const KEEPALIVE_S = 30;
const WILL_DELAY_S = 30;
/** Without an answer the publish is given up; its owner sends it again. */
const PUBLISH_MS = 20_000;
const GOODBYE_MS = 1_000;
/** A connection that ends sooner was none: the waits between attempts go on growing, ms. */
const LASTED_MS = 10_000;
/** A signed time that is further ahead of our clock than this says that our clock is wrong, s. */
const AHEAD_S = 60;
const MAX_PAYLOAD = 256 * 1024;

/**
 * The unit's end of k1: MQTT 5 over mutual TLS. It keeps nothing of its own: what must arrive is kept by its owner until a
 * receipt of the centre. Each connection is a new client object, because the package's own reconnecting has a fixed
 * period and stops after a refusal.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #unit: string;
  readonly #boot = newId();
  readonly #stop = new AbortController();
  readonly #receivers = new Map<string, Receiver>();
  readonly #sequences = new Map<string, number>();
  readonly #backoff: Backoff;
  #client: MqttClient | undefined;
  /** Since when this connection has what it subscribed to. */
  #upSince: number | undefined;
  #epoch = 0;
  #hostOnline = false;
  /** The newest signed time of the centre, s, and whether it fits our clock. A retained one may be old; its age says so. */
  #timeProof: { iat: number; fits: boolean } | undefined;
  #loop: Promise<void> | undefined;
  readonly events = new Emitter<{
    up: undefined;
    down: undefined;
    host: boolean;
    /** The centre's signed word of the time, verified; it may be old. */
    time: { jws: string; iat: number };
  }>();

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#unit = options.configuration.unit;
    this.#backoff = new Backoff(...(options.backoff ?? [500, 60_000]));
  }

  get answerTopic(): string {
    return up.answer(this.#unit);
  }

  get up(): boolean {
    return this.#client?.connected === true;
  }

  /** Whether the centre itself says, signed, that it is there. */
  get hostOnline(): boolean {
    return this.up && this.#hostOnline;
  }

  /** Largest payload that the broker takes, bytes. */
  get maxPayload(): number {
    return Math.min(MAX_PAYLOAD, (this.#client?.serverProperties?.maximumPacketSize ?? MAX_PAYLOAD) - 512);
  }

  /** Most messages that the broker wants at once. */
  get receiveMaximum(): number {
    return this.#client?.serverProperties?.receiveMaximum ?? 20;
  }

  /** Takes the messages whose topic goes on with `kind` below `dn`. Set before `start`. */
  receive(kind: string, receiver: Receiver): void {
    this.#receivers.set(kind, receiver);
  }

  /** Begins connecting; returns at once. The package is loaded only now, after the screen is up. */
  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    const client = this.#client;
    if (client?.connected) {
      const goodbye = this.report("state", up.state(this.#unit), { online: false }, true).then(() =>
        client.endAsync(),
      );
      await within(this.#options.clock, GOODBYE_MS, goodbye, () => new Error("late")).catch(() => undefined);
    }
    this.#stop.abort();
    client?.end(true);
    await this.#loop;
  }

  /**
   * Publishes with QoS 1. True when the broker has it, which is no receipt of the centre. False when not connected, too
   * large, refused or lost; the caller still owns the message then.
   */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    options: { retain?: boolean; expiryS?: number } = {},
  ): Promise<boolean> {
    const client = this.#client;
    if (!client?.connected || Buffer.byteLength(payload as Uint8Array) > this.maxPayload) return false;
    const sent = client
      .publishAsync(topic, Buffer.from(payload as Uint8Array), {
        qos: 1,
        retain: options.retain ?? false,
        ...(options.expiryS ? { properties: { messageExpiryInterval: options.expiryS } } : {}),
      })
      .then(
        () => true,
        (error: { code?: number }) => {
          if (error.code === 135) log("refused", { kind: topic.split("/")[4] ?? "" });
          return false;
        },
      );
    const timer = new AbortController();
    const late = this.#options.clock.sleep(PUBLISH_MS, timer.signal).then(() => false);
    return Promise.race([sent, late]).finally(() => timer.abort());
  }

  /** Publishes a body in the envelope of k1. */
  report(kind: string, topic: string, body: unknown, retain = false, expiryS?: number): Promise<boolean> {
    return this.publish(topic, JSON.stringify(this.#envelope(kind, body)), {
      retain,
      ...(expiryS ? { expiryS } : {}),
    });
  }

  #envelope(kind: string, body: unknown): Envelope {
    const { clock } = this.#options;
    const sq = (this.#sequences.get(kind) ?? -1) + 1;
    this.#sequences.set(kind, sq);
    const proof = this.#timeProof;
    const age = proof && Math.max(0, Math.round(clock.wall() / 1000 - proof.iat));
    return {
      v: 1,
      id: newId(clock.wall()),
      dev: this.#unit,
      ep: this.#epoch,
      sq,
      ts: clock.wall(),
      mt: Math.round(clock.mono()),
      bt: this.#boot,
      clk: { synced: proof?.fits === true, ...(age === undefined ? {} : { ageS: age }) },
      k: kind,
      d: body,
    };
  }

  async #run(): Promise<void> {
    const { connect, UniqueMessageIdProvider } = commonJs(await import("mqtt"));
    // Else the package makes a buffer for each of 65,536 numbers before its first packet.
    commonJs(await import("mqtt-packet")).writeToStream.cacheNumbers = false;
    const { configuration, state, store, clock } = this.#options;
    // A bundle of certificates takes precedence over what the unit was made and configured with.
    const provisioned = (file: string) => readFile(join(state, "config", file)).catch(() => undefined);
    const tls = async () => ({
      ca: (await provisioned("ca.crt")) ?? configuration.centre.broker.ca,
      key: await readFile(join(state, "keys", "tls.key")),
      cert: (await provisioned("tls.crt")) ?? (await readFile(join(state, "keys", "tls.crt"))),
    });
    while (!this.#stop.signal.aborted) {
      let ended: () => void = () => undefined;
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      try {
        this.#epoch = await store.tx((t) => nextCounter(t, "epoch"));
        this.#sequences.clear();
        const client = connect(configuration.centre.broker.url, {
          ...(await tls()),
          ...CONNECTION,
          clientId: this.#unit,
          clean: false,
          keepalive: KEEPALIVE_S,
          messageIdProvider: new UniqueMessageIdProvider(),
          properties: { sessionExpiryInterval: SESSION_S, receiveMaximum: 20 },
          will: {
            topic: up.state(this.#unit),
            payload: Buffer.from(JSON.stringify(this.#envelope("state", { online: false }))),
            qos: 1,
            retain: true,
            properties: { willDelayInterval: WILL_DELAY_S },
          },
        });
        this.#client = client;
        // Durable before it is acknowledged: the package answers the broker only when the callback is called.
        client.handleMessage = (packet, done) => {
          this.#take(packet.topic as string, packet.payload as Buffer).then(
            () => done(),
            (error) => {
              const kind = (packet.topic as string).split("/")[4] ?? "";
              log("unkept", { kind }, error);
              client.end(true);
            },
          );
        };
        client.on("error", () => undefined);
        client.on("close", ended);
        client.on("connect", () => void this.#connected(client));
        client.connect();
        this.#stop.signal.addEventListener("abort", ended, { once: true });
        // It may have been stopped while this connection was prepared.
        if (this.#stop.signal.aborted) ended();
        await end;
        this.#stop.signal.removeEventListener("abort", ended);
        client.end(true);
      } catch (error) {
        log("failed", {}, error);
      }
      this.#client = undefined;
      this.#hostOnline = false;
      this.events.emit("down", undefined);
      if (this.#stop.signal.aborted) return;
      if (this.#upSince !== undefined && clock.mono() - this.#upSince >= LASTED_MS) this.#backoff.reset();
      this.#upSince = undefined;
      const wait = this.#backoff.next();
      log("down", { waitMs: Math.round(wait) });
      await clock.sleep(wait, this.#stop.signal);
    }
  }

  async #connected(client: MqttClient): Promise<void> {
    const { configuration, birth } = this.#options;
    // A refused subscription would leave a unit that hears nothing: better to begin anew.
    const grants = await client
      .subscribeAsync([dn.all(this.#unit), HOST_STATE(configuration.centre.host)], { qos: 1 })
      .catch(() => []);
    if (grants.length < 2 || grants.some((grant) => grant.qos >= 128)) return void client.end(true);
    this.#upSince = this.#options.clock.mono();
    log("up", { epoch: this.#epoch });
    await this.report("birth", up.birth(this.#unit), birth(), true);
    await this.report("state", up.state(this.#unit), { online: true }, true);
    this.events.emit("up", undefined);
  }

  async #take(topic: string, payload: Buffer): Promise<void> {
    const { configuration, clock } = this.#options;
    if (topic === HOST_STATE(configuration.centre.host)) {
      const jws = payload.toString("latin1");
      const state = verifyJws("guichet.host.v1", HostStateSchema, jws, configuration.centre.keys);
      if (!state.ok || state.value.host !== configuration.centre.host)
        return log("ignored", { kind: "host" });
      this.#hostOnline = state.value.online;
      const { iat } = state.value;
      if (iat >= (this.#timeProof?.iat ?? 0))
        this.#timeProof = { iat, fits: iat <= clock.wall() / 1000 + AHEAD_S };
      log("host", { online: state.value.online });
      this.events.emit("host", state.value.online);
      this.events.emit("time", { jws, iat });
      return;
    }
    const prefix = `k1/d/${this.#unit}/dn/`;
    if (!topic.startsWith(prefix)) return log("ignored", { kind: "topic" });
    const [kind = "", ...path] = topic.slice(prefix.length).split("/");
    const receiver = this.#receivers.get(kind);
    if (!receiver) return log("ignored", { kind: "topic" });
    await receiver(path, payload);
  }
}
