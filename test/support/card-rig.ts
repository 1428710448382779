import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DispenserSimulator,
  type DispenserView,
  Plant,
  startDispenserSimulator,
} from "../../drivers/bench/index.ts";
import { deviceFault } from "../../drivers/contract/index.ts";
import { defer } from "../../drivers/kit/index.ts";
import { type GpioFactory, type SerialFactory, systemPorts } from "../../drivers/ports/index.ts";
import type { Handover } from "../../runtime/ipc/index.ts";
import { startVault } from "../../runtime/vault/index.ts";
import type { TestContext } from "../kit.ts";
import { unitConfiguration } from "./unit.ts";
import { connectVault, untilServing, type VaultClient } from "./vault-client.ts";
import { makePapers, type Papers } from "./vault-papers.ts";

export const DISPENSER = "dispenser.main";
export const MAGAZINE = "M1";
const DOOR = "door.service";
/** Item codes of the cards in the magazine, in order. */
export const CARDS = ["04A1B2C3D4E580", "04A1B2C3D4E581", "04A1B2C3D4E582"];
export const OLD_CARD = "04FFEEDDCCBB01";

/** Fast enough for tests; the unit itself is a hundred times faster than a real one. */
export const FAST_CARDS = { pollPath: 10, take: 1_500, insert: 1_500, device: 5_000 };
const PACE = 0.01;

type Options = Parameters<typeof startVault>[0];

/** A vault with one card dispenser and nothing else, on a line in memory, in this process. */
export interface CardRig {
  state: string;
  plant: Plant;
  papers: Papers;
  unit: DispenserSimulator;
  /** Named steps of the vault, in order. */
  steps: string[];
  /** Called at each named step; the vault waits for nothing. */
  onStep: (step: string) => void;
  /** Writes to the line, capital hex. */
  written: string[];
  /** Called at each write, before the unit hears it. */
  onWrite: (hex: string) => void;
  /** Of the service door, where there is one: forbids motion while it is open. */
  door(open: boolean): void;
  /** Pulls the line from this life of the vault, until `plug`. */
  pull(): void;
  plug(): void;
  view(): DispenserView;
  start(start?: typeof startVault, over?: Partial<Options>): Promise<VaultClient>;
  stop(): Promise<void>;
  client(): Promise<VaultClient>;
  /** Staff lay cards in and list them; `listed` lies about what they laid in. */
  fill(client: VaultClient, cards: string[], listed?: string[]): Promise<string>;
  /** Begins and releases by receipt; answers what refused it, or the end. `person` acts at the named phases. */
  collect(
    client: VaultClient,
    voucher: string,
    person?: Partial<Record<Handover["phase"], () => void>>,
    command?: string,
  ): Promise<{ refused?: string; end?: Handover }>;
  stock(client: VaultClient): Promise<{ magazine: Record<string, unknown>; bin: Record<string, unknown> }>;
}

export async function cardRig(
  t: Pick<TestContext, "after">,
  options: { profile?: "m001" | "r02"; ownTimerMs?: number; door?: boolean } = {},
): Promise<CardRig> {
  const profile = options.profile ?? "m001";
  const state = mkdtempSync(join(tmpdir(), "guichet-cards-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const papers = makePapers("kt-01");
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(papers.keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
    devices: [
      {
        role: DISPENSER,
        driver: "dispenser.crt591",
        profile,
        address: 0,
        port: { path: "/dev/dispenser", baudRate: 9_600 },
      },
      ...(options.door
        ? [
            {
              role: DOOR,
              driver: "auxiliary.gpio" as const,
              line: { chip: "chip", offset: 0 },
              activeLow: false,
              debounceMs: 5,
            },
          ]
        : []),
    ],
    slots: [{ slot: MAGAZINE, dispenser: DISPENSER, magazine: 0, capacity: 8 }],
    interlocks: options.door ? [DOOR] : [],
  });
  for (const folder of ["config", "vault", "attestation"]) mkdirSync(join(state, folder));
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(configuration));
  writeFileSync(join(state, "attestation", "senses.pub.json"), JSON.stringify(papers.senses.public));

  const plant = new Plant({ config: configuration, people: [], draw: async () => new Uint8Array() });
  const line = { toUnit: (_: Uint8Array) => {}, toDriver: (_: Uint8Array) => {} };
  const unit = startDispenserSimulator({
    device: DISPENSER,
    profile,
    address: 0,
    line: {
      onBytes: (listener) => {
        line.toUnit = listener;
      },
      send: (bytes) => line.toDriver(bytes),
    },
    world: plant,
    pace: PACE,
    ...(options.ownTimerMs === undefined ? {} : { ownTimerMs: options.ownTimerMs }),
  });
  t.after(() => unit.stop());
  const written: string[] = [];
  let pulled = false;
  let drop: () => void = () => undefined;
  const serial: SerialFactory = async () => {
    if (pulled) throw deviceFault("absent");
    const closed = defer<void>();
    let open = true;
    drop = () => {
      open = false;
      closed.resolve();
    };
    return {
      write: async (bytes) => {
        if (!open) throw deviceFault("absent");
        const hex = Buffer.from(bytes).toString("hex").toUpperCase();
        written.push(hex);
        rig.onWrite(hex);
        line.toUnit(bytes);
      },
      onData: (listener) => {
        line.toDriver = listener;
      },
      setBaudRate: async () => undefined,
      closed: closed.promise,
      close: async () => drop(),
    };
  };

  const door = { level: 0 as 0 | 1, edge: (_: 0 | 1) => {} };
  const gpio: GpioFactory = {
    input: async () => ({
      read: async () => door.level,
      onEdge: (listener) => {
        door.edge = listener;
      },
      close: async () => undefined,
    }),
    output: async () => ({ write: async () => undefined, close: async () => undefined }),
  };

  let stopVault: () => Promise<void> = async () => undefined;
  t.after(() => stopVault());
  let commands = 0;
  const rig: CardRig = {
    state,
    plant,
    papers,
    unit,
    steps: [],
    onStep: () => undefined,
    written,
    onWrite: () => undefined,
    door: (open) => {
      door.level = open ? 1 : 0;
      door.edge(door.level);
    },
    pull: () => {
      pulled = true;
      drop();
    },
    plug: () => {
      pulled = false;
    },
    view: () => plant.cards.views()[0] as DispenserView,
    start: async (start = startVault, over = {}) => {
      const vault = await start({
        state,
        ports: { ...systemPorts(), serial, gpio },
        limits: FAST_CARDS,
        step: (name) => {
          rig.steps.push(name);
          rig.onStep(name);
        },
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
      return untilServing(client);
    },
    fill: async (client, cards, listed = cards) => {
      plant.cards.load(DISPENSER, cards);
      const begun = await client.call("exchange.begin", { credentials: [papers.credential("anna")] });
      if (!begun.ok) return begun.error.code;
      const { exchange } = begun.value.body;
      const items = listed.map((item) => ({ item, assignment: papers.assignment(item) }));
      const filled = await client.call("exchange.fill", { exchange, slot: MAGAZINE, items });
      await client.call("exchange.end", { exchange });
      return filled.ok ? "ok" : filled.error.code;
    },
    collect: async (client, voucher, person = {}, command = `card-command-${++commands}`) => {
      const begun = await client.call("collect.begin", { voucher });
      if (!begun.ok) return { refused: begun.error.code };
      const { challenge, slot } = begun.value.body;
      const done = new Promise<Handover>((resolve) => {
        const off = client.on("handover", (handover) => {
          if (handover.slot !== slot) return;
          person[handover.phase]?.();
          if (handover.phase !== "done") return;
          off();
          resolve(handover);
        });
      });
      const attestation = papers.attest(voucher, challenge);
      const accepted = await client.call("collect.release", { command, voucher, challenge, attestation });
      if (!accepted.ok) return { refused: accepted.error.code };
      return { end: await done };
    },
    stock: async (client) => {
      const status = await client.call("status", {});
      if (!status.ok) throw status.error;
      const { magazines = [], bins = [] } = status.value.body;
      return { magazine: { ...magazines[0] }, bin: { ...bins[0] } };
    },
  };
  return rig;
}
