import type { Fault, Result } from "../../drivers/kit/index.ts";
import type { Ports } from "../../drivers/ports/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { seeded } from "../crash/replay/random.ts";
import { Cabinet, type Compartment } from "./cabinet.ts";
import { Disk } from "./engine/disk.ts";
import { type Life, Scheduler } from "./engine/scheduler.ts";
import { Signatures } from "./engine/signatures.ts";
import { seededBytes, VaultLife } from "./engine/vault-life.ts";
import { Paperwork } from "./paperwork.ts";
import { Wire } from "./wire.ts";

export const BOARDS = 2;
export const LOCKS = 4;
/** A Tuesday. */
const EPOCH = Date.UTC(2026, 10, 24, 8);
/** As those of a unit, but for doors that stand open, which would only be looked at more often. */
const LIMITS = { unlatch: 3_000, doorOpen: 20_000, pollLatch: 120, pollDoor: 600 };

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
  readonly #vault: VaultLife;

  constructor(seed: number) {
    this.itemSensors = seed % 5 !== 0;
    this.random = seeded(seed);
    Math.random = this.random;
    const bytes = seededBytes(this.random);
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
    const configuration = configurationOf(this.papers, this.itemSensors);
    const { sensesKey } = this.papers;
    this.#vault = new VaultLife({
      scheduler,
      wall: this.wall,
      disk: this.disk,
      surroundings: () => ({ configuration, sensesKey, signatures, bytes }),
      ports: (vault) => this.#ports(vault),
      limits: LIMITS,
    });
    this.#vault.onStep = (step) => this.onStep(step);
    this.#vault.onEvent = (name, body) => this.onEvent({ name, body });
    this.#vault.onExit = () => this.onExit();
  }

  #ports(life: Life): Ports {
    return {
      serial: this.wire.serial(life),
      gpio: {
        input: async () => ({
          read: async () => this.interlock,
          onEdge: () => undefined,
          close: async () => undefined,
        }),
      },
    } as unknown as Ports;
  }

  get alive(): boolean {
    return this.#vault.alive;
  }

  get starts(): number {
    return this.#vault.starts;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(ms, this.life, resolve));
  }

  /** Starts the vault, once it does not run; resolves when it listens. */
  boot = (): Promise<void> => this.#vault.boot();

  setClock(byMs: number): void {
    this.wall.offset += byMs;
    this.clockError -= byMs;
  }

  /** Takes the power of the vault's computer. */
  kill = (): void => this.#vault.kill();

  /** Asks the vault; undefined when it is dead or dies before it answers. */
  call<T = Record<string, unknown>>(method: string, body: unknown): Promise<Result<T, Fault> | undefined> {
    return this.#vault.call<T>(method, body);
  }

  /** What a promise comes to, or undefined when the vault dies first. */
  orDeath<T>(promise: Promise<T>): Promise<T | undefined> {
    return this.#vault.orDeath(promise);
  }
}

/** Rows of the journal as steps of a motion: a cut while one is written may lose or keep it. */
function commitStep(event: string): string {
  const what = event.slice(event.indexOf(".") + 1);
  if (what === "intent" || what === "issued" || what === "opened") return `commit-${what}`;
  return OUTCOMES.has(what) ? "commit-outcome" : "commit-other";
}
const OUTCOMES = new Set(["outcome", "stored", "empty", "presented", "unknown", "notMoved"]);

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
