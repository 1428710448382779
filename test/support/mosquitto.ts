import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { makePki, type Pki } from "../../fleet/server/pki.ts";

export { makePki, type Pki };

export interface Mosquitto {
  url: string;
  /** The listener for boards that ask for their first certificate; `url` when there is none. */
  claimsUrl: string;
  port: number;
  /** Stops it and forgets its persistence. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same persistence, after `halt` or `kill` or in one go. */
  restart(): Promise<void>;
  /** SIGTERM; persistence is written and kept. */
  halt(): Promise<void>;
  /** SIGKILL; what was not written yet is lost, as in a crash. */
  kill(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** The ACL that every unit lives under: writes below its own `up`, reads below its own `dn`, and the hosts' states. */
const ACL = (centre: string) => `user ${centre}
topic readwrite k1/#

pattern write k1/d/%u/up/#
pattern read k1/d/%u/dn/#
pattern read k1/host/+/state
`;

/** The ACL of the listener for claims: a board writes its answer and reads below its own `dn`. */
const CLAIMS_ACL = `pattern write k1/claim/%u/up/answer
pattern read k1/claim/%u/dn/#
`;

/** A real mosquitto with mutual TLS and the ACL, as the current user, on localhost. */
export async function startMosquitto(options: {
  pki: Pki;
  port?: number;
  /** Common name that may read and write everything below k1. */
  centre?: string;
  /** The authority of boards that ask for their first certificate: they get a listener of their own. */
  claims?: Pki;
}): Promise<Mosquitto> {
  const port = options.port ?? (await freePort());
  const claimsPort = options.claims ? await freePort() : port;
  const dir = mkdtempSync(join(tmpdir(), "guichet-mosquitto-"));
  const at = (name: string) => join(dir, name);
  writeFileSync(at("ca.pem"), options.pki.ca);
  writeFileSync(at("server.pem"), options.pki.server.cert);
  writeFileSync(at("server.key"), options.pki.server.key, { mode: 0o600 });
  writeFileSync(at("acl"), ACL(options.centre ?? "centre"), { mode: 0o600 });
  const listener = (own: number, clients: string, acl: string) => `listener ${own} 127.0.0.1
cafile ${at(clients)}
certfile ${at("server.pem")}
keyfile ${at("server.key")}
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
allow_zero_length_clientid false
acl_file ${at(acl)}
`;
  if (options.claims) {
    writeFileSync(at("claims-ca.pem"), options.claims.ca);
    writeFileSync(at("claims-acl"), CLAIMS_ACL, { mode: 0o600 });
  }
  writeFileSync(
    at("mosquitto.conf"),
    `per_listener_settings true
${listener(port, "ca.pem", "acl")}${options.claims ? listener(claimsPort, "claims-ca.pem", "claims-acl") : ""}max_packet_size 262144
max_queued_messages 10000
max_inflight_messages 20
persistence true
persistence_location ${dir}/
user ${userInfo().username}
autosave_interval 1
autosave_on_changes true
log_dest stderr
log_type error
log_type warning
`,
  );
  let child: ChildProcess | undefined;

  const start = async () => {
    const own = spawn("mosquitto", ["-c", at("mosquitto.conf")], { stdio: ["ignore", "ignore", "pipe"] });
    child = own;
    let output = "";
    own.stderr?.on("data", (chunk) => {
      output = (output + chunk).slice(-4_000);
    });
    const ended = new Promise<never>((_, reject) => {
      own.once("error", reject);
      own.once("exit", (code) => reject(new Error(`mosquitto ended (${code}): ${output}`)));
    });
    ended.catch(() => undefined);
    await Promise.race([ended, listening(claimsPort)]);
  };
  const end = async (signal: NodeJS.Signals) => {
    const own = child;
    child = undefined;
    if (!own || own.exitCode !== null || own.signalCode !== null) return;
    const gone = new Promise((resolve) => own.once("exit", resolve));
    own.kill(signal);
    await gone;
  };

  await start();
  return {
    url: `mqtts://localhost:${port}`,
    claimsUrl: `mqtts://localhost:${claimsPort}`,
    port,
    stop: async () => {
      await end("SIGTERM");
      rmSync(dir, { recursive: true, force: true });
    },
    restart: async () => {
      await end("SIGTERM");
      await start();
    },
    halt: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** Resolves when something accepts TCP on the port. */
async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" });
      const done = (value: boolean) => {
        socket.destroy();
        resolve(value);
      };
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`nothing listens on ${port}`);
}
