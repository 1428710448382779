import type { IClientPublishOptions, MqttClient } from "mqtt";
import { type Clock, defer, Mutex } from "../../drivers/kit/index.ts";
import { HOST_STATE, type HostState, signJws } from "../contract/index.ts";
import { log } from "./faults.ts";
import type { CentreKeys } from "./keys.ts";
import type { TlsIdentity } from "./pki.ts";

export interface LinkOptions {
  url: string;
  tls: TlsIdentity;
  /** Common name of the certificate, also the client id and the host id. */
  host: string;
  keys: CentreKeys;
  clock: Clock;
  /**
   * One message; the next one waits until it has settled. It must not throw for bad input. `retained` when the broker had kept
   * it: nobody has said it just now.
   */
  onMessage(topic: string, payload: Uint8Array, retained: boolean): Promise<void>;
}

export interface Link {
  publish(topic: string, payload: string | Uint8Array, options?: { expiryS?: number }): Promise<boolean>;
  /** Resolves at the first connection, or when the link is stopped. */
  connected: Promise<void>;
  isUp(): boolean;
  stop(): Promise<void>;
}

/** How often the host state is signed anew: it also proves the time to units, s. */
const HOST_STATE_S = 60;
const RECONNECT_MS = 1_000;
const SESSION_S = 86_400;
/** Without the broker's word a publish is given up, so that the messages behind it are read; its owner sends it again. */
const PUBLISH_MS = 20_000;
const GOODBYE_MS = 1_000;
const SUBSCRIPTIONS = ["k1/d/+/up/#", "k1/claim/+/up/answer"];
/** Most bytes of messages that wait for their turn; beyond it parts of packets, of which a unit is asked again, are let go. */
const MOST_WAITING = 64 * 1024 * 1024;
const PART = /^k1\/d\/[^/]+\/up\/sub\/[^/]+\/c\//;

/** Connects the centre to the broker, for ever, and tells the units that it is there. */
export async function startLink(options: LinkOptions): Promise<Link> {
  const { connect } = await import("mqtt");
  const { host, keys, clock } = options;
  const hostState = (online: boolean): string => {
    const state: HostState = { v: 1, host, online, iat: Math.floor(clock.wall() / 1000) };
    return signJws("guichet.host.v1", state, keys.sign.host);
  };
  const client: MqttClient = connect(options.url, {
    ca: options.tls.ca,
    cert: options.tls.cert,
    key: options.tls.key,
    clientId: host,
    protocolVersion: 5,
    clean: false,
    keepalive: 30,
    reconnectPeriod: RECONNECT_MS,
    // one refused CONNACK would otherwise end reconnecting for good
    reconnectOnConnackError: true,
    resubscribe: false,
    properties: { sessionExpiryInterval: SESSION_S, receiveMaximum: 64 },
    will: { topic: HOST_STATE(host), payload: Buffer.from(hostState(false)), qos: 1, retain: true },
  });
  const stop = new AbortController();
  const stopped = () => stop.signal.aborted;
  /** Publishes that wait for the broker's word; a stop ends them. */
  const waiting = new Set<AbortController>();
  /**
   * False when the broker did not say within `ms` that it has it, or the link was stopped meanwhile: a client that is
   * ended leaves what it waited for without an answer for ever.
   */
  const sent = async (
    topic: string,
    payload: string | Uint8Array,
    settings: IClientPublishOptions,
    ms: number,
  ) => {
    if (stopped()) return false;
    const end = new AbortController();
    waiting.add(end);
    const late = clock.sleep(ms, end.signal).then(() => false);
    const acknowledged = client.publishAsync(topic, Buffer.from(payload), { ...settings, qos: 1 }).then(
      () => true,
      () => false,
    );
    return Promise.race([acknowledged, late]).finally(() => {
      waiting.delete(end);
      end.abort();
    });
  };
  const publish: Link["publish"] = async (topic, payload, { expiryS } = {}) => {
    // the client's own offline queue would hold messages without an end and out of order
    if (!client.connected) return false;
    const properties = expiryS ? { properties: { messageExpiryInterval: expiryS } } : {};
    return sent(topic, payload, properties, PUBLISH_MS);
  };
  const announce = (online: boolean, ms = PUBLISH_MS) =>
    sent(HOST_STATE(host), hostState(online), { retain: true }, ms);

  const turn = new Mutex();
  // One after the other. The PUBACK goes out before: it promises nothing, receipts do. (Holding it back would block the
  // PUBACKs of our own answers behind the message that they answer.)
  let queued = 0;
  let full = false;
  client.on("message", (topic, payload, { retain }) => {
    const over = queued + payload.length > MOST_WAITING;
    if (over && !full) log("flooded");
    full = over;
    if (over && PART.test(topic)) return;
    queued += payload.length;
    turn
      .run(() => options.onMessage(topic, payload, retain))
      .catch((error) => stopped() || log("failed", { kind: "message" }, error))
      .finally(() => {
        queued -= payload.length;
      });
  });
  let reason = "";
  client.on("error", (error) => {
    reason = "code" in error && error.code !== undefined ? String(error.code) : error.name;
  });
  /** Everything is subscribed to on the connection that is open. */
  let hears = false;
  client.on("close", () => {
    hears = false;
    if (!stopped()) log("linkDown", { reason });
    reason = "";
  });
  const connected = defer<void>();
  client.on("connect", () => {
    void (async () => {
      await client.subscribeAsync(SUBSCRIPTIONS, { qos: 1 });
      hears = true;
      await announce(true);
      log("linkUp");
      connected.resolve();
    })().catch(() => {
      // A centre that hears nothing must not say that it is there: better to begin anew.
      reason = "subscription";
      client.stream.destroy();
    });
  });
  void (async () => {
    while (!stopped()) {
      await clock.sleep(HOST_STATE_S * 1000, stop.signal);
      if (!stopped() && hears) await announce(true);
    }
  })();

  return {
    publish,
    connected: connected.promise,
    isUp: () => client.connected && hears,
    stop: async () => {
      if (client.connected) await announce(false, GOODBYE_MS);
      stop.abort();
      for (const end of waiting) end.abort();
      connected.resolve();
      await client.endAsync(true);
      await turn.stop(new Error("the link has ended"));
    },
  };
}
