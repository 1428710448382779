import { readFile, statfs } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { type Clock, parseJson } from "../../drivers/kit/index.ts";
import { importSigningKey, type SigningKey } from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { Inbox } from "./bundles/index.ts";
import { Collections, VaultJournal } from "./collections/index.ts";
import { journalClearings } from "./devices/clearings.ts";
import { Devices } from "./devices/index.ts";
import { Health, type Offer } from "./health/index.ts";
import { claimLinkOf, Link } from "./link/index.ts";
import { Questions } from "./questions/index.ts";
import { StickNotices } from "./stick/index.ts";
import { openCoreStore, type Store } from "./store/index.ts";
import { Submissions } from "./submissions/index.ts";
import { Telemetry } from "./telemetry/index.ts";

export interface BackOffice {
  store: Store;
  devices: Devices;
  health: Health;
  submissions: Submissions;
  collections: Collections;
  questions: Questions;
  link: Link;
  telemetry: Telemetry;
  stick: StickNotices;
  /** Connects to the centre; called after the screen is up. */
  goOnline(): void;
  stop(): Promise<void>;
}

export interface BackOfficeOptions {
  state: string;
  configuration: UnitConfiguration;
  clock: Clock;
  version: string;
  offers: () => Record<string, Offer>;
  /** Shortest and longest wait of the link between two attempts, ms. */
  backoff?: [number, number];
  telemetryPeriodMs?: number;
  patienceMs?: number;
  synchronousForMutant?: "NORMAL";
}

const StoredKeySchema = Type.Object({
  role: Type.Literal("unit"),
  jwk: Type.Record(Type.String(), Type.Unknown()),
});

async function readDeviceKey(state: string): Promise<SigningKey> {
  const stored = parseJson(
    StoredKeySchema,
    await readFile(join(state, "keys", "device.json"), "utf8"),
    "keys/device.json",
  );
  if (!stored.ok) throw stored.error;
  return importSigningKey(stored.value);
}

/**
 * Everything of the core behind the person's visit. Opens the store and asserts it, connects to senses and vault at once;
 * the link waits for `goOnline`.
 * @throws Faults of `store` and `schema`
 */
export async function startBackOffice(options: BackOfficeOptions): Promise<BackOffice> {
  const { state, configuration, clock, version, offers } = options;
  const devices = new Devices(clock);
  devices.start(state, configuration.roles.includes("collection") ? ["senses", "vault"] : ["senses"]);
  const mutant = options.synchronousForMutant;
  const opening = openCoreStore(state, mutant ? { synchronousForMutant: mutant } : {});
  const [store, deviceKey] = await Promise.all([opening, readDeviceKey(state)]).catch(
    async (error: unknown) => {
      await devices.stop();
      await opening.then((opened) => opened.close()).catch(() => undefined);
      throw error;
    },
  );
  const free = async () => {
    const { bavail, bsize } = await statfs(join(state, "store"));
    return bavail * bsize;
  };
  const health = new Health({ configuration, devices, store, clock, free });
  const link = new Link({
    state,
    configuration,
    store,
    clock,
    birth: () => telemetry.birth(),
    ...(options.backoff ? { backoff: options.backoff } : {}),
  });
  const submissions = new Submissions({
    state,
    configuration,
    store,
    link,
    deviceKey,
    clock,
    ...(options.patienceMs ? { patienceMs: options.patienceMs } : {}),
  });
  const journal = new VaultJournal({ store, link, devices, configuration, deviceKey, clock });
  const collections = new Collections({ store, link, devices, journal, configuration, clock });
  const claiming = await claimLinkOf(state, {
    clock,
    ...(options.backoff ? { backoff: options.backoff } : {}),
  });
  const inbox = new Inbox({ state, way: claiming ?? link });
  const stick = new StickNotices(state);
  const questions = new Questions({ link, configuration, clock });
  const telemetry: Telemetry = new Telemetry({
    configuration,
    devices,
    health,
    submissions,
    link,
    clock,
    version,
    offers,
    ...(options.telemetryPeriodMs ? { periodMs: options.telemetryPeriodMs } : {}),
  });
  const stopClearings = journalClearings(devices, store, clock);
  await submissions.recover();
  health.start();
  return {
    store,
    devices,
    health,
    submissions,
    collections,
    questions,
    stick,
    link,
    telemetry,
    goOnline: () => {
      submissions.start();
      collections.start();
      telemetry.start();
      if (claiming) claiming.start();
      else link.start();
    },
    stop: async () => {
      stopClearings();
      inbox.stop();
      await claiming?.stop();
      stick.stop();
      // Together: each may be waiting for an answer of another, which its end settles.
      await Promise.all([
        submissions.stop(),
        collections.stop(),
        telemetry.stop(),
        health.stop(),
        link.stop(),
        devices.stop(),
      ]);
      await store.close();
    },
  };
}
