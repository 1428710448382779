import { type Fault, isFault, type Result } from "../../drivers/kit/index.ts";
import type { Ports } from "../../drivers/ports/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { startVault } from "../../runtime/vault/index.ts";
import { seeded } from "../crash/replay/random.ts";
import { Cabinet, type Compartment } from "./cabinet.ts";
import { Disk } from "./engine/disk.ts";
import { type Call, surround } from "./engine/ports.ts";
import { type Life, Scheduler } from "./engine/scheduler.ts";
import { Signatures } from "./engine/signatures.ts";
import { Paperwork } from "./paperwork.ts";
import { Wire } from "./wire.ts";

export const BOARDS = 2;
export const LOCKS = 4;
/** A Tuesday. */
const EPOCH = Date.UTC(2026, 10, 24, 8);
/** As those of a unit, but for doors that stand open, which would only be looked at more often. */
const LIMITS = { unlatch: 3_000, doorOpen: 20_000, pollLatch: 120, pollDoor: 600 };
const EXTERNAL = globalThis as unknown as { simulatedExit: (code: number) => void };

export type VaultEvent = { name: string; body: Record<string, unknown> };

/** One unit's vault with its disk, line, boards, doors and people, under one virtual clock and one seed. */
export class World {
  /** Boards of one world in five have latches only. */
  readonly itemSensors: boolean;
  readonly random: () => number;
  readonly scheduler = new Scheduler();
  readonly life: Life = { alive: true };
  readonly wall = { offset: EPOCH };
  /** What has to be added to the wall clock to make it right again, ms. */
  clockError = 0;
  readonly cabinet: Cabinet;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly papers: Paperwork;
  /** Level of the service door's contact; 1 forbids motion. */
  interlock: 0 | 1 = 0;
  /** Called at each named step of a motion. */
  onStep: (step: string) => void = () => undefined;
  onEvent: (event: VaultEvent) => void = () => undefined;
  onEnergise: (place: Compartment) => void = () => undefined;
  onOpen: (place: Compartment) => void = () => undefined;
  /** The vault has ended itself. */
  onExit: () => void = () => undefined;
  #vault: Life = { alive: false };
  #call: Call | undefined;
  #onDeath = new Set<() => void>();
  #configuration: UnitConfiguration;
  starts = 0;

  constructor(seed: number) {
    this.itemSensors = seed % 5 !== 0;
    this.random = seeded(seed);
    Math.random = this.random;
    const bytes = (length: number) => {
      const buffer = Buffer.allocUnsafe(length);
      for (let i = 0; i < length; i += 4) {
        const word = (this.random() * 0x1_0000_0000) >>> 0;
        for (let k = i; k < i + 4 && k < length; k++) buffer[k] = (word >>> ((k - i) * 8)) & 255;
      }
      return buffer;
    };
    const { scheduler, life, random } = this;
    this.cabinet = new Cabinet({
      scheduler,
      life,
      boards: BOARDS,
      locksPerBoard: LOCKS,
      onEnergise: (place) => {
        this.onStep("energised");
        this.onEnergise(place);
      },
      onOpen: (place) => this.onOpen(place),
    });
    this.wire = new Wire({ scheduler, life, random, cabinet: this.cabinet });
    this.wire.onUnlock = () => this.onStep("unlock-written");
    this.disk = new Disk({ scheduler, random, onSync: (event) => this.onStep(commitStep(event)) });
    const signatures = new Signatures(bytes);
    this.papers = new Paperwork(signatures, () => this.wall.offset + scheduler.now);
    this.#configuration = configurationOf(this.papers, this.itemSensors);
    this.#surroundings = { signatures, bytes };
  }
  readonly #surroundings: { signatures: Signatures; bytes: (length: number) => Buffer };

  get alive(): boolean {
    return this.#vault.alive;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(ms, this.life, resolve));
  }

  /** Starts the vault, once it does not run; resolves when it listens. */
  async boot(): Promise<void> {
    const life: Life = { alive: true };
    this.#vault = life;
    this.starts++;
    let listening: (call: Call) => void = () => undefined;
    const listens = new Promise<Call>((resolve) => {
      listening = resolve;
    });
    surround({
      life,
      disk: this.disk,
      configuration: this.#configuration,
      sensesKey: this.papers.sensesKey,
      ...this.#surroundings,
      onEvent: (name, body) => this.onEvent({ name, body: body as Record<string, unknown> }),
      onListening: (call) => listening(call),
    });
    EXTERNAL.simulatedExit = () => {
      if (life.alive) this.onExit();
    };
    const ports = {
      serial: this.wire.serial(life),
      gpio: {
        input: async () => ({
          read: async () => this.interlock,
          onEdge: () => undefined,
          close: async () => undefined,
        }),
      },
    } as unknown as Ports;
    startVault({
      state: "/simulated",
      ports,
      clock: this.scheduler.clock(life, this.wall),
      limits: LIMITS,
      step: (name) => {
        if (life.alive) this.onStep(name);
      },
    }).catch((error) => {
      if (!isFault(error)) throw error;
      if (life.alive) this.onExit(); // as a process ends that could not start
    });
    const call = await this.orDeath(listens);
    if (call) this.#call = call;
  }

  setClock(byMs: number): void {
    this.wall.offset += byMs;
    this.clockError -= byMs;
  }

  /** Takes the power of the vault's computer. */
  kill(): void {
    if (!this.#vault.alive) return;
    this.#vault.alive = false;
    this.#call = undefined;
    this.disk.cut();
    for (const tell of [...this.#onDeath]) tell();
    this.#onDeath.clear();
  }

  /** Asks the vault; undefined when it is dead or dies before it answers. */
  async call<T = Record<string, unknown>>(
    method: string,
    body: unknown,
  ): Promise<Result<T, Fault> | undefined> {
    const call = this.#call;
    if (!call) return undefined;
    return this.orDeath(call(method, body)) as Promise<Result<T, Fault> | undefined>;
  }

  /** What a promise comes to, or undefined when the vault dies first. */
  orDeath<T>(promise: Promise<T>): Promise<T | undefined> {
    if (!this.#vault.alive) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const dies = () => resolve(undefined);
      this.#onDeath.add(dies);
      promise.then((value) => {
        this.#onDeath.delete(dies);
        resolve(value);
      }, reject);
    });
  }
}

/** Rows of the journal as steps of a motion: a cut while one is written may lose or keep it. */
function commitStep(event: string): string {
  const what = event.slice(event.indexOf(".") + 1);
  if (what === "intent" || what === "issued" || what === "opened") return `commit-${what}`;
  return OUTCOMES.has(what) ? "commit-outcome" : "commit-other";
}
const OUTCOMES = new Set(["outcome", "stored", "empty", "unknown", "notMoved"]);

function configurationOf(papers: Paperwork, itemSensors: boolean): UnitConfiguration {
  const boards = Array.from({ length: BOARDS }, (_, board) => board);
  const configuration: Partial<UnitConfiguration> = {
    v: 1,
    unit: papers.unit,
    centre: { keys: papers.publicKeys } as UnitConfiguration["centre"],
    devices: [
      ...boards.map((board) => ({
        role: `lock.b${board}`,
        driver: "lock.kerong" as const,
        port: { path: "/dev/bus", baudRate: 19_200 },
        board,
        compartments: LOCKS,
        lockedBit: 1 as const,
        ...(itemSensors ? { itemBit: 1 as const } : {}),
        pulseMs: 200,
      })),
      {
        role: "door.service",
        driver: "auxiliary.gpio" as const,
        line: { chip: "chip", offset: 0 },
        activeLow: false,
        debounceMs: 5,
      },
    ],
    slots: boards.flatMap((board) =>
      Array.from({ length: LOCKS }, (_, compartment) => ({
        slot: String(board * LOCKS + compartment + 1),
        lock: `lock.b${board}`,
        compartment,
      })),
    ),
    interlocks: ["door.service"],
  };
  return configuration as UnitConfiguration;
}
