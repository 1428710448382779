import { type Fault, isFault, type Result } from "../../../drivers/kit/index.ts";
import type { Ports } from "../../../drivers/ports/index.ts";
import { startVault, type VaultOptions } from "../../../runtime/vault/index.ts";
import type { Disk } from "./disk.ts";
import { type Call, type Surroundings, surround } from "./ports.ts";
import type { Life, Scheduler } from "./scheduler.ts";

const EXTERNAL = globalThis as unknown as { simulatedExit: (code: number) => void };

export interface VaultLifeOptions {
  scheduler: Scheduler;
  wall: { offset: number };
  disk: Disk;
  /** What one life of the vault finds around it. */
  surroundings: () => Omit<Surroundings, "life" | "disk" | "onEvent" | "onListening">;
  /** Its ports; nothing goes through them once `life` has ended. */
  ports: (life: Life) => Ports;
  limits: NonNullable<VaultOptions["limits"]>;
}

/** The vault of one unit, which can be killed and started again on the same disk. */
export class VaultLife {
  /** Called at each named step of a motion. */
  onStep: (step: string) => void = () => undefined;
  onEvent: (name: string, body: Record<string, unknown>) => void = () => undefined;
  /** The vault has ended itself. */
  onExit: () => void = () => undefined;
  starts = 0;
  readonly #options: VaultLifeOptions;
  #life: Life = { alive: false };
  #call: Call | undefined;
  readonly #onDeath = new Set<() => void>();

  constructor(options: VaultLifeOptions) {
    this.#options = options;
  }

  get alive(): boolean {
    return this.#life.alive;
  }

  /** Starts the vault, once it does not run; resolves when it listens, or has died before. */
  async boot(): Promise<void> {
    const { scheduler, wall, disk, surroundings, ports, limits } = this.#options;
    const life: Life = { alive: true };
    this.#life = life;
    this.starts++;
    let listening: (call: Call) => void = () => undefined;
    const listens = new Promise<Call>((resolve) => {
      listening = resolve;
    });
    surround({
      life,
      disk,
      ...surroundings(),
      onEvent: (name, body) => this.onEvent(name, body as Record<string, unknown>),
      onListening: (call) => listening(call),
    });
    EXTERNAL.simulatedExit = () => {
      if (life.alive) this.onExit();
    };
    startVault({
      state: "/simulated",
      ports: ports(life),
      clock: scheduler.clock(life, wall),
      limits,
      // Its power is cut each time, and its clock has a battery.
      boot: { id: String(this.starts), clockKept: true, uptime: () => scheduler.now },
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

  /** Takes the power of the vault's computer. */
  kill(): void {
    if (!this.#life.alive) return;
    this.#life.alive = false;
    this.#call = undefined;
    this.#options.disk.cut();
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
    if (!this.#life.alive) return Promise.resolve(undefined);
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

/** Random bytes from a seeded generator. */
export const seededBytes =
  (random: () => number) =>
  (length: number): Buffer => {
    const buffer = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i += 4) {
      const word = (random() * 0x1_0000_0000) >>> 0;
      for (let k = i; k < i + 4 && k < length; k++) buffer[k] = (word >>> ((k - i) * 8)) & 255;
    }
    return buffer;
  };
