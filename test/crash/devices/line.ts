import type { WireLine } from "../../../drivers/bench/line.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import { defer } from "../../../drivers/kit/index.ts";
import type { SerialFactory } from "../../../drivers/ports/index.ts";
import type { Life, Scheduler } from "../../simulate/engine/scheduler.ts";

/** A serial line in virtual time between one life of a vault and a simulator of the bench. */
export class DeviceLine implements WireLine {
  readonly #scheduler: Scheduler;
  readonly #life: Life;
  readonly #random: () => number;
  readonly #byteMs: number;
  #unplugged = false;
  #epoch = 0;
  #free = { up: 0, down: 0 };
  #toDevice: (chunk: Uint8Array) => void = () => undefined;
  #toDriver: (chunk: Uint8Array) => void = () => undefined;
  #drop: () => void = () => undefined;
  /** Called with what a driver gives to the line, before it leaves. */
  onWrite: (bytes: Uint8Array) => void = () => undefined;

  constructor(options: { scheduler: Scheduler; life: Life; random: () => number; baudRate: number }) {
    this.#scheduler = options.scheduler;
    this.#life = options.life;
    this.#random = options.random;
    this.#byteMs = 10_000 / options.baudRate;
  }

  onBytes(listener: (chunk: Uint8Array) => void): void {
    this.#toDevice = listener;
  }

  send(bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    const epoch = this.#epoch;
    this.#carry("up", copy.length, () => {
      if (epoch === this.#epoch) this.#toDriver(copy);
    });
  }

  /** What is on its way is lost. */
  silence(): void {
    this.#epoch++;
  }

  unplug(ms: number): void {
    this.#unplugged = true;
    this.silence();
    this.#drop();
    this.#scheduler.after(ms, this.#life, () => this.plug());
  }

  plug(): void {
    this.#unplugged = false;
  }

  /** Lines for one life of the vault. */
  serial(vault: Life): SerialFactory {
    return async () => {
      if (this.#unplugged) throw deviceFault("absent", { reason: "notThere" });
      const closed = defer<void>();
      let open = true;
      const drop = () => {
        open = false;
        closed.resolve();
      };
      this.#drop = drop;
      return {
        write: async (bytes) => {
          if (!vault.alive) return;
          if (!open) throw deviceFault("absent");
          this.onWrite(bytes);
          const sent = Uint8Array.from(bytes);
          const epoch = this.#epoch;
          await new Promise<void>((resolve) =>
            this.#carry("down", sent.length, () => {
              if (vault.alive) resolve();
              // What a process had given to the line when it died may have left or not.
              else if (this.#random() < 0.5) return;
              if (epoch === this.#epoch) this.#toDevice(sent);
            }),
          );
        },
        onData: (listener) => {
          this.#toDriver = (chunk) => {
            if (open && vault.alive) listener(chunk);
          };
        },
        setBaudRate: async () => undefined,
        closed: closed.promise,
        close: async () => drop(),
      };
    };
  }

  /** One byte after the other. */
  #carry(way: "up" | "down", bytes: number, arrive: () => void): void {
    const { now } = this.#scheduler;
    const at = Math.max(now, this.#free[way]) + bytes * this.#byteMs;
    this.#free[way] = at;
    this.#scheduler.after(at - now, this.#life, arrive);
  }
}
