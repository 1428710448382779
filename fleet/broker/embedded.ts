import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Aedes, AuthenticateError, Client } from "aedes";
import { defineEvents } from "../../drivers/kit/index.ts";
import { HOST_STATE, parseTopic } from "../contract/index.ts";

/**
 * The broker of `make run`: in this process, from npm, so that a first run needs no server. For development on one
 * machine only; the link is proven on mosquitto. Its limits (aedes 2.0.0-beta.1): no shared subscriptions, sessions and
 * queues live in memory and end with the process, and nothing here relies on a will's delay.
 */
const log = defineEvents("broker", {
  ready: { level: "info", what: "The embedded broker listens", fields: ["port"] },
  refused: { level: "warn", what: "A client's certificate or client id was refused", fields: ["unit"] },
  denied: { level: "warn", what: "A client went beyond its own topics", fields: ["unit", "act"] },
});

export interface BrokerOptions {
  /** PEM texts of the authority that signed the clients and of this broker's own certificate. */
  tls: { ca: string; cert: string; key: string };
  /** 0 takes a free one. */
  port: number;
  /** Common name of the one client that may read and write everything below k1. */
  centre?: string;
}

export interface EmbeddedBroker {
  url: string;
  port: number;
  /** Cuts every connection and forgets all sessions. */
  stop(): Promise<void>;
}

const MAX_PACKET_BYTES = 262_144;
const SESSION_LIMIT_S = 86_400;

/** What a client may do; `centre` everything below k1, a unit its own `up` and `dn` and the hosts' states. */
export function mayPublish(name: string, topic: string, centre: string): boolean {
  if (name === centre) return topic.startsWith("k1/");
  const parsed = parseTopic(topic);
  return parsed !== undefined && parsed.unit === name && parsed.direction === "up";
}

/** Whether messages under this subscription or topic belong to the client. Filters may hold wildcards. */
export function mayRead(name: string, filter: string, centre: string): boolean {
  if (name === centre) return filter.startsWith("k1/");
  if (filter.startsWith(`k1/d/${name}/dn/`)) return true;
  const [root, host, id, state, ...rest] = filter.split("/");
  return `${root}/${host}/${id}/${state}` === HOST_STATE(id ?? "") && id !== "#" && rest.length === 0;
}

/** Starts the embedded broker with mutual TLS on localhost; rejects when the port is taken. */
export async function startEmbeddedBroker(options: BrokerOptions): Promise<EmbeddedBroker> {
  const { Aedes } = await import("aedes");
  const centre = options.centre ?? "centre";
  const names = new WeakMap<object, string>();
  const nameOf = (client: Client | null) => (client ? (names.get(client.conn) ?? "") : "");
  const denied = (client: Client | null, act: string) => {
    log("denied", { unit: nameOf(client), act });
    return new Error("not authorised");
  };
  const broker: Aedes = await Aedes.createBroker({
    maximumPacketSize: MAX_PACKET_BYTES,
    receiveMaximum: 20,
    sessionExpiryIntervalLimit: SESSION_LIMIT_S,
    // The certificate is the identity, so that nobody takes over another's session.
    preConnect: (client, packet, done) => {
      const own = packet.clientId === nameOf(client);
      if (!own) log("refused", { unit: nameOf(client) });
      done(own ? null : new Error("client id is not the certificate's name"), own);
    },
    authenticate: (client, _username, _password, done) =>
      done(null as AuthenticateError | null, nameOf(client) !== ""),
    authorizePublish: (client, packet, done) =>
      done(mayPublish(nameOf(client), packet.topic, centre) ? null : denied(client, "publish")),
    authorizeSubscribe: (client, subscription, done) => {
      const allowed = mayRead(nameOf(client), subscription.topic, centre);
      if (!allowed) denied(client, "subscribe");
      done(null, allowed ? subscription : null);
    },
    authorizeForward: (client, packet) => (mayRead(nameOf(client), packet.topic, centre) ? packet : null),
  });
  // A client that leaves is its own affair; without listeners aedes would throw.
  broker.on("clientError", () => undefined);
  broker.on("connectionError", () => undefined);

  const sockets = new Set<TLSSocket>();
  const server: Server = createServer(
    { ...options.tls, requestCert: true, rejectUnauthorized: true, minVersion: "TLSv1.3" },
    (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      const name: unknown = socket.getPeerCertificate().subject?.CN;
      if (typeof name !== "string") return void socket.destroy();
      names.set(socket, name);
      broker.handle(socket);
    },
  );
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : options.port;
  log("ready", { port });
  return {
    url: `mqtts://localhost:${port}`,
    port,
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => broker.close(resolve));
      await closed;
    },
  };
}
