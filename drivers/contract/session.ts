import type { Fault, SafeFields } from "../kit/index.ts";
import type { VerbDeclaration } from "./command.ts";
import type { SelfTests } from "./selftest.ts";
import type { DeviceClass, Identity } from "./status.ts";

/**
 * One opened device, single-use: after `lost` or `close` it is dropped and a new one opened.
 * The host in `drivers/host` owns the lifecycle; a driver only says how to open, recover and probe.
 */
export interface Session<Verbs> {
  readonly identity: Identity;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly verbs: Verbs;
  /** What each verb is; the layer then refuses commands of others. */
  readonly declares?: Readonly<Record<string, VerbDeclaration>>;
  /** Names of the events of its own that it can tell: one that is not here cannot come from it. */
  readonly events?: readonly string[];
  readonly selfTests?: SelfTests;
  /** Outputs off, positions read, a person's leftovers cleared. Resolves to what was found, for the recovery report. */
  recover(): Promise<SafeFields>;
  /** Cheapest proof that the device still answers. Rejects with a Fault. */
  probe(): Promise<void>;
  /** Resolves when the connection is gone by itself (unplugged, port error). Never rejects. */
  readonly lost: Promise<Fault>;
  /** Idempotent. Settles everything that waits. */
  close(): Promise<void>;
}

/** A driver bound to one configured device. */
export interface Driver<Verbs> {
  readonly role: string;
  readonly class: DeviceClass;
  /** `class.chip`, as in the configuration. */
  readonly name: string;
  /** Opens the connection and identifies the device. Rejects with a Fault (`device.absent`, `device.misbound`, …). */
  open(signal: AbortSignal): Promise<Session<Verbs>>;
  /** Identity that the configuration expects: another one is `misbound`, before anything is sent to it. */
  readonly expected?: ExpectedIdentity;
  /** How often the host probes while idle, ms. */
  readonly probeEveryMs: number;
  /** Longest time that open, recover and probe may take each, ms. */
  readonly deviceTimeMs: number;
}

/** What must match exactly when it is given. */
export type ExpectedIdentity = Partial<Pick<Identity, "model" | "serial">>;
