import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LockBoards, Plant, startLockBoards } from "../../drivers/bench/index.ts";
import { deviceFault } from "../../drivers/contract/index.ts";
import { type Clock, defer, systemClock } from "../../drivers/kit/index.ts";
import {
  type GpioFactory,
  type GpioInput,
  type SerialFactory,
  systemPorts,
} from "../../drivers/ports/index.ts";
import { openStore } from "../../drivers/store/index.ts";
import { itemHashOf } from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import type { Handover } from "../../runtime/ipc/index.ts";
import type { Boot } from "../../runtime/vault/boot.ts";
import { startVault, type VaultOptions } from "../../runtime/vault/index.ts";
import type { TestContext } from "../kit.ts";
import { unitConfiguration } from "./unit.ts";
import { connectVault, untilServing, type VaultClient } from "./vault-client.ts";
import { makePapers, type Papers } from "./vault-papers.ts";

export const FAST = { unlatch: 700, doorOpen: 1_500, pollLatch: 25, pollDoor: 25 };

/** A clock whose durations can be stopped, so that no device is probed in the meantime. Sleeps stay real. */
export class StoppableClock implements Clock {
  #stoppedAt: number | undefined;
  #lost = 0;
  /** Added to the wall clock, ms. */
  wallOffset = 0;
  /** Added to the monotonic clock, ms. */
  monoOffset = 0;

  wall = (): number => Date.now() + this.wallOffset;
  mono = (): number => (this.#stoppedAt ?? performance.now()) - this.#lost + this.monoOffset;
  sleep = systemClock.sleep;
  stop(): void {
    this.#stoppedAt ??= performance.now();
  }
  go(): void {
    if (this.#stoppedAt !== undefined) this.#lost += performance.now() - this.#stoppedAt;
    this.#stoppedAt = undefined;
  }
}

/**
 * A vault on lock boards of the bench, joined by lines in memory: the bytes are the real ones and all are kept, and no
 * pseudo-terminal is needed. Items are in the slots from the start.
 */
export interface WireRig {
  state: string;
  plant: Plant;
  papers: Papers;
  configuration: UnitConfiguration;
  clock: StoppableClock;
  /** The one in which the vault starts, as long as a start says nothing else. */
  boot: Boot;
  /** Everything that was written to a lock board, oldest first. */
  written: Uint8Array[];
  unlocks(): number;
  /** Called right before the bytes of an unlock reach the board. */
  onUnlock: () => void;
  boards: LockBoards[];
  steps: string[];
  /** Takes the lock boards' lines away; they cannot be opened until `plug`. */
  unplug(): void;
  plug(): void;
  /** Levels of the inputs by role; missing means that the line cannot be read. */
  inputs: Map<string, 0 | 1>;
  /** By role: what an edge on its line calls. */
  edges: Map<string, (level: 0 | 1) => void>;
  start(start?: typeof startVault, over?: Partial<VaultOptions>): Promise<VaultClient>;
  stop(): Promise<void>;
  client(): Promise<VaultClient>;
  /** Writes items into the ledger and lays them into the plant, while the vault does not run. */
  seed(items: Record<string, string>, as?: SeededAs): Promise<void>;
  takeFrom(slot: string): void;
}

/** Slots of which the ledger says something else than that they are loaded. */
export type SeededAs = Record<string, { state: string; effect: string }>;

interface Line {
  toBoard: (bytes: Uint8Array) => void;
  toDriver: (bytes: Uint8Array) => void;
}

export interface WireOptions {
  boards?: number;
  slots?: number;
  itemSensors?: boolean;
  interlocks?: string[];
  serviceSwitch?: string;
  /** Those of the interlocks whose alarms stay. */
  latched?: string[];
}

export async function wireRig(
  t: Pick<TestContext, "after">,
  {
    boards = 1,
    slots = 4,
    itemSensors = true,
    interlocks = [],
    serviceSwitch,
    latched = [],
  }: WireOptions = {},
): Promise<WireRig> {
  const state = mkdtempSync(join(tmpdir(), "guichet-wire-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const papers = makePapers("kt-01");
  const roles = Array.from({ length: boards }, (_, i) => `lock.b${i}`);
  const switches = [...interlocks, ...(serviceSwitch ? [serviceSwitch] : [])];
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(papers.keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
    devices: [
      ...roles.map((role, board) => ({
        role,
        driver: "lock.kerong" as const,
        port: { path: `/dev/${role}`, baudRate: 19_200 },
        board,
        compartments: slots,
        lockedBit: 1 as const,
        ...(itemSensors ? { itemBit: 1 as const } : {}),
        pulseMs: 200,
      })),
      ...switches.map((role, offset) => ({
        role,
        driver: "auxiliary.gpio" as const,
        line: { chip: "chip", offset },
        activeLow: false,
        debounceMs: 5,
        ...(latched.includes(role) ? { latched: true } : {}),
      })),
    ],
    slots: roles.flatMap((lock, board) =>
      Array.from({ length: slots }, (_, compartment) => ({
        slot: String(board * slots + compartment + 1),
        lock,
        compartment,
      })),
    ),
    interlocks,
    ...(serviceSwitch ? { serviceSwitch } : {}),
  });
  for (const folder of ["config", "vault", "attestation"]) mkdirSync(join(state, folder));
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(configuration));
  writeFileSync(join(state, "attestation", "senses.pub.json"), JSON.stringify(papers.senses.public));

  const plant = new Plant({ config: configuration, people: [], draw: async () => new Uint8Array() });
  const written: Uint8Array[] = [];
  const lines = new Map<string, Line>();
  const simulators = roles.map((role, board) => {
    const line: Line = { toBoard: () => undefined, toDriver: () => undefined };
    lines.set(`/dev/${role}`, line);
    return startLockBoards(
      {
        onBytes: (listener) => {
          line.toBoard = listener;
        },
        send: (bytes) => line.toDriver(bytes),
      },
      [
        {
          role,
          board,
          compartments: slots,
          lockedBit: 1,
          itemBit: itemSensors ? 1 : undefined,
          pulseMs: 200,
        },
      ],
      plant,
    );
  });
  t.after(async () => {
    for (const simulator of simulators) await simulator.stop();
  });
  let unplugged = false;
  const drops = new Set<() => void>();
  const isUnlock = (bytes: Uint8Array) => bytes[2] === 0x31;
  const serial: SerialFactory = async ({ path }) => {
    const line = lines.get(path);
    if (!line) throw new TypeError(path);
    if (unplugged) throw deviceFault("absent");
    const closed = defer<void>();
    drops.add(() => closed.resolve());
    return {
      write: async (bytes) => {
        written.push(bytes);
        if (isUnlock(bytes)) rig.onUnlock();
        line.toBoard(bytes);
      },
      onData: (listener) => {
        line.toDriver = listener;
      },
      setBaudRate: async () => undefined,
      closed: closed.promise,
      close: async () => closed.resolve(),
    };
  };
  const gpio: GpioFactory = {
    input: async ({ offset }): Promise<GpioInput> => ({
      read: async () => {
        await systemClock.sleep(5);
        const level = rig.inputs.get(switches[offset] ?? "");
        if (level === undefined) throw new Error("line gone");
        return level;
      },
      onEdge: (listener) => rig.edges.set(switches[offset] ?? "", listener),
      close: async () => undefined,
    }),
    output: async () => ({ write: async () => undefined, close: async () => undefined }),
  };

  let stopVault: () => Promise<void> = async () => undefined;
  t.after(() => stopVault());
  const rig: WireRig = {
    state,
    plant,
    papers,
    configuration,
    clock: new StoppableClock(),
    boot: { id: "first", clockKept: false, uptime: () => performance.now() },
    written,
    unlocks: () => written.filter(isUnlock).length,
    onUnlock: () => undefined,
    boards: simulators,
    steps: [],
    unplug: () => {
      unplugged = true;
      for (const drop of drops) drop();
      drops.clear();
    },
    plug: () => {
      unplugged = false;
    },
    inputs: new Map(switches.map((role) => [role, 0])),
    edges: new Map(),
    start: async (start = startVault, over = {}) => {
      const vault = await start({
        state,
        ports: { ...systemPorts(), serial, gpio },
        clock: rig.clock,
        boot: rig.boot,
        limits: FAST,
        step: (name) => rig.steps.push(name),
        ...over,
      });
      stopVault = () => vault.stop();
      return rig.client();
    },
    stop: async () => {
      await stopVault();
      stopVault = async () => undefined;
    },
    client: async () => {
      const client = await connectVault(state);
      t.after(() => client.close());
      return untilServing(client, (device) => device.class === "lock" || rig.inputs.has(device.role));
    },
    seed: async (items, as = {}) => {
      const path = join(state, "vault", "ledger.db");
      const store = await openStore(path, { migrations: [] });
      for (const [item, slot] of Object.entries(items)) {
        const { state: said, effect } = as[slot] ?? { state: "loaded", effect: null };
        await store.tx((s) =>
          s.run(
            "UPDATE slots SET state = ?, item_hash = ?, effect = ? WHERE slot = ?",
            said,
            itemHashOf(item),
            effect,
            slot,
          ),
        );
        plant.openDoor(slot, true);
        plant.putItem(slot, item);
        plant.closeDoor(slot);
      }
      await store.close();
    },
    takeFrom: (slot) => {
      plant.openDoor(slot);
      plant.takeItem(slot);
      plant.closeDoor(slot);
    },
  };
  // The first start makes the ledger.
  const { placeOf } = await import("../../runtime/vault/places.ts");
  const { Ledger } = await import("../../runtime/vault/ledger.ts");
  const ledger = await Ledger.open(join(state, "vault", "ledger.db"), {
    clock: systemClock,
    mint: () => {
      throw new TypeError("nothing moves here");
    },
    slots: configuration.slots.flatMap((place) =>
      "lock" in place ? [placeOf(place, configuration.devices)] : [],
    ),
  });
  await ledger.close();
  return rig;
}

/** Waits for the end of the hand-over of one slot; `person` acts when its latch is seen open. */
export function handoverOf(
  client: VaultClient,
  slot: string,
  person: (slot: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<Handover> {
  return new Promise((resolve) => {
    const off = client.on("handover", (handover) => {
      if (handover.slot !== slot || signal?.aborted) return;
      if (handover.phase === "opened") person(slot);
      if (handover.phase !== "done") return;
      off();
      resolve(handover);
    });
  });
}

/** Two loaders open an exchange; answers its name. */
export async function beginExchange(rig: Pick<WireRig, "papers">, client: VaultClient): Promise<string> {
  const credentials = ["anna", "bert"].map((operator) => rig.papers.credential(operator));
  const begun = await client.call("exchange.begin", { credentials });
  if (!begun.ok) throw begun.error;
  return begun.value.body.exchange;
}

let commands = 0;
export const newCommand = (): string => `command-${++commands}`;

/** Begins and releases by receipt as the core does; answers the code of what refused it, or the outcome. */
export async function collect(
  rig: Pick<WireRig, "papers" | "takeFrom">,
  client: VaultClient,
  voucher: string,
  person: (slot: string) => void = (slot) => rig.takeFrom(slot),
  command = newCommand(),
): Promise<string> {
  const begun = await client.call("collect.begin", { voucher });
  if (!begun.ok) return begun.error.code;
  const { challenge, slot } = begun.value.body;
  const refused = new AbortController();
  const done = handoverOf(client, slot, person, refused.signal);
  const attestation = rig.papers.attest(voucher, challenge);
  const accepted = await client.call("collect.release", { command, voucher, challenge, attestation });
  if (!accepted.ok) {
    refused.abort();
    return accepted.error.code;
  }
  return (await done).outcome ?? "none";
}
