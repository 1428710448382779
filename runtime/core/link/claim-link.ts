import { X509Certificate } from "node:crypto";
import { access } from "node:fs/promises";
import { join } from "node:path";
import type { MqttClient } from "mqtt";
import { Backoff, type Clock, commonJs, defer, defineEvents, Emitter } from "../../../drivers/kit/index.ts";
import { claim, claimName } from "../../../fleet/contract/index.ts";
import { type Bootstrap, readBootstrap } from "../../../provisioning/index.ts";
import { CONNECTION } from "./connection.ts";
import type { Link, Receiver } from "./link.ts";

const log = defineEvents("claim", {
  up: {
    level: "info",
    what: "The unit asks the centre for its first certificate, by what came with its claim",
    fields: [],
  },
  down: {
    level: "warn",
    what: "The connection by which the unit asks for its first certificate has ended; it is tried again for ever",
    fields: ["waitMs"],
  },
  ignored: { level: "warn", what: "A message to a unit without a certificate was not taken", fields: [] },
  failed: { level: "warn", what: "The centre could not be asked for a first certificate", fields: [] },
});

/** Over what bundles come and answers go: the link, or what a unit has before it has a certificate. */
export interface BundleWay {
  receive: Link["receive"];
  publish(topic: string, payload: string | Uint8Array): Promise<boolean>;
  events: Pick<Link["events"], "on">;
  /** Where the unit's answer belongs. */
  answerTopic: string;
}

export interface ClaimLinkOptions {
  bootstrap: Bootstrap;
  clock: Clock;
  /** Shortest and longest wait between two attempts, ms. */
  backoff?: [number, number];
}

const KEEPALIVE_S = 60;

/**
 * The connection of a unit that has a name and no certificate: it says the unit's answer, with the request in it, and takes the
 * bundle with the certificate, which goes the way of every bundle. It holds nothing of the unit but that.
 */
export class ClaimLink implements BundleWay {
  readonly #options: ClaimLinkOptions;
  readonly #name: string;
  readonly #device: string;
  readonly #stop = new AbortController();
  readonly #backoff: Backoff;
  #receiver: { kind: string; take: Receiver } | undefined;
  #client: MqttClient | undefined;
  #loop: Promise<void> | undefined;
  readonly events: Link["events"] = new Emitter();

  constructor(options: ClaimLinkOptions) {
    this.#options = options;
    this.#name = new X509Certificate(options.bootstrap.cert).subject.replace(/^CN=/, "");
    this.#device = this.#name.slice(claimName("").length);
    this.#backoff = new Backoff(...(options.backoff ?? [1_000, 300_000]));
  }

  get answerTopic(): string {
    return claim.answer(this.#device);
  }

  receive(kind: string, take: Receiver): void {
    this.#receiver = { kind, take };
  }

  /** Begins asking; returns at once. */
  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#client?.end(true);
    await this.#loop;
  }

  async publish(topic: string, payload: string | Uint8Array): Promise<boolean> {
    if (!this.#client?.connected) return false;
    return this.#client.publishAsync(topic, Buffer.from(payload as Uint8Array), { qos: 1 }).then(
      () => true,
      () => false,
    );
  }

  async #run(): Promise<void> {
    const { connect } = commonJs(await import("mqtt"));
    const { bootstrap, clock } = this.#options;
    const { url, ca, cert, key } = bootstrap;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const { promise: end, resolve: ended } = defer<void>();
      const client = connect(url, {
        ca,
        cert,
        key,
        ...CONNECTION,
        clientId: this.#name,
        clean: true,
        keepalive: KEEPALIVE_S,
      });
      this.#client = client;
      // A part is durable before the broker hears that it has come.
      client.handleMessage = (packet, done) => {
        this.#take(packet.topic as string, packet.payload as Buffer).then(
          () => done(),
          (error) => {
            log("failed", {}, error);
            client.end(true);
          },
        );
      };
      client.on("error", (error) => log("failed", {}, error));
      client.on("close", () => ended());
      client.on("connect", () => void this.#connected(client));
      signal.addEventListener("abort", () => ended(), { once: true });
      // It may have been stopped while this connection was prepared.
      if (signal.aborted) ended();
      client.connect();
      await end;
      client.end(true);
      this.#client = undefined;
      if (signal.aborted) return;
      const wait = this.#backoff.next();
      log("down", { waitMs: Math.round(wait) });
      await clock.sleep(wait, signal);
    }
  }

  async #connected(client: MqttClient): Promise<void> {
    const grants = await client.subscribeAsync(claim.all(this.#device), { qos: 1 }).catch(() => []);
    if (grants.length === 0 || grants.some(({ qos }) => qos >= 128)) return void client.end(true);
    this.#backoff.reset();
    log("up");
    this.events.emit("up", undefined);
  }

  async #take(topic: string, payload: Buffer): Promise<void> {
    const prefix = claim.all(this.#device).slice(0, -1);
    const [kind, ...path] = topic.startsWith(prefix) ? topic.slice(prefix.length).split("/") : [];
    if (!this.#receiver || kind !== this.#receiver.kind) return log("ignored");
    await this.#receiver.take(path, payload);
  }
}

/** What a unit has to ask by while it has no certificate; undefined when it has one, or nothing to ask by. */
export async function claimLinkOf(
  state: string,
  options: Omit<ClaimLinkOptions, "bootstrap">,
): Promise<ClaimLink | undefined> {
  for (const path of [join(state, "config", "tls.crt"), join(state, "keys", "tls.crt")])
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return undefined;
  const bootstrap = await readBootstrap(state);
  // It was sound when it was taken. Whatever has become of it keeps nothing else out of service.
  if (!bootstrap.ok) log("failed", {}, bootstrap.error);
  else if (bootstrap.value) return new ClaimLink({ bootstrap: bootstrap.value, ...options });
  return undefined;
}
