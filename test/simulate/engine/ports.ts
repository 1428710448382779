import * as crypto from "node:crypto";
import type { Server, Socket } from "node:net";
import type { DeviceStatus } from "../../../drivers/contract/index.ts";
import { check, type Fault, ok, type Result } from "../../../drivers/kit/index.ts";
import type { Store, StoreOptions } from "../../../drivers/store/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { Handlers, Methods } from "../../../runtime/ipc/index.ts";
import type { Disk } from "./disk.ts";
import type { Life } from "./scheduler.ts";
import type { Signatures } from "./signatures.ts";

/**
 * What a vault meets instead of Node, disk and socket when it is simulated. The names are those that link.ts puts in
 * the place of the real ones. A world sets the surroundings before it starts a vault in them.
 */
export interface Surroundings {
  life: Life;
  disk: Disk;
  configuration: UnitConfiguration;
  sensesKey: string;
  signatures: Signatures;
  bytes: (length: number) => Buffer;
  /** What the vault says by itself. */
  onEvent: (name: string, body: unknown) => void;
  /** How requests reach the vault, once it listens. */
  onListening: (call: Call) => void;
}

export type Call = (method: string, body: unknown) => Promise<Result<unknown, Fault>>;

let around: Surroundings | undefined;

export function surround(surroundings: Surroundings): void {
  around = surroundings;
}

function here(): Surroundings {
  if (!around) throw new TypeError("no world is set up");
  return around;
}

export const openStore = async (_: string, options: StoreOptions): Promise<Store> =>
  here().disk.open(here().life, options);

export const readConfiguration = async (): Promise<Result<UnitConfiguration, Fault>> =>
  ok(here().configuration);

const noServer = { close: () => undefined } as unknown as Server;

export async function listenUnix(_: string, onConnection: (socket: Socket) => void): Promise<Server> {
  onConnection({} as Socket);
  return noServer;
}

/** The vault's end of its one connection: requests are checked against their schema as the real one does. */
export class Peer {
  readonly closed = new Promise<void>(() => undefined);
  readonly connected = true;
  readonly #around = here();

  constructor(_: Socket, options: { local?: Methods; handlers?: Partial<Handlers<Methods>> }) {
    const { local = {}, handlers = {} } = options;
    const never = new Promise<never>(() => undefined);
    const { life } = this.#around;
    this.#around.onListening(async (name, body) => {
      const method = local[name];
      const handler = handlers[name];
      if (!method || !handler) throw new TypeError(`no method ${name}`);
      const request = check(method.request, body, name);
      if (!request.ok) return request;
      const answer = await handler(request.value as never);
      if (!life.alive) return never;
      return answer.ok ? ok(answer.value.body) : answer;
    });
  }

  emit(name: string, body: unknown): void {
    if (this.#around.life.alive) this.#around.onEvent(name, body);
  }

  close(): void {}
}

// node:crypto and node:fs, as the vault's papers use them.

export const randomBytes = (length: number): Buffer =>
  around ? around.bytes(length) : crypto.randomBytes(length);

/** One call of OpenSSL instead of three; not in the types of this Node yet. */
const { hash } = crypto as unknown as { hash(name: string, text: Uint8Array | string, as: "buffer"): Buffer };

export const createHash = (name: string) => {
  const parts: Buffer[] = [];
  return {
    update: (part: Uint8Array | string) => parts.push(Buffer.from(part as string)),
    digest: () => hash(name, parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), "buffer"),
  };
};

export const readFileSync = (): string => here().sensesKey;

export const createPublicKey = ({ key }: { key: { x: string } }): { x: string } => ({ x: key.x });

export const verify = (_: null, input: Buffer, { x }: { x: string }, signature: Buffer): boolean =>
  here().signatures.verify(input, x, signature);

const absent = (what: string) => (): never => {
  throw new TypeError(`${what} has no part in a simulation`);
};
export const createPrivateKey = absent("createPrivateKey");
export const generateKeyPairSync = absent("generateKeyPairSync");
export const sign = absent("sign");

/** Recordings of faults, of which a simulation makes many, are not made. */
export class FlightRecorder {
  readonly #tap: { status(device: DeviceStatus): void };
  constructor({ tap }: { tap: { status(device: DeviceStatus): void } }) {
    this.#tap = tap;
  }
  status(device: DeviceStatus): void {
    this.#tap.status(device);
  }
  unknownOutcome(): void {}
  async stop(): Promise<void> {}
}

/** Ideal signatures need no test, and the judge follows the journal's chain itself. */
export const checkVerification = async (): Promise<void> => undefined;
export const checkJournal = async (): Promise<void> => undefined;
