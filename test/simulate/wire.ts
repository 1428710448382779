import { deviceFault } from "../../drivers/contract/index.ts";
import { defer } from "../../drivers/kit/index.ts";
import type { SerialFactory } from "../../drivers/ports/index.ts";
import type { Cabinet } from "./cabinet.ts";
import type { Life, Scheduler } from "./engine/scheduler.ts";
import type { WireFault } from "./wire-faults.ts";

const BYTE_MS = 10 / 19.2;
const LATE_MS = 700;

/** The serial line between one vault and the boards, and what it does to bytes. */
export class Wire {
  readonly #scheduler: Scheduler;
  readonly #life: Life;
  readonly #random: () => number;
  readonly #cabinet: Cabinet;
  #fault: WireFault | undefined;
  #left = 0;
  #unplugged = false;
  #epoch = 0;
  #toDriver: ((bytes: Uint8Array) => void) | undefined;
  #drop: (() => void) | undefined;
  /** Called when the bytes of an unlock have been given to the line and have not arrived. */
  onUnlock: () => void = () => undefined;

  constructor(options: { scheduler: Scheduler; life: Life; random: () => number; cabinet: Cabinet }) {
    this.#scheduler = options.scheduler;
    this.#life = options.life;
    this.#random = options.random;
    this.#cabinet = options.cabinet;
    options.cabinet.send = (bytes) => this.#reply(bytes);
  }

  /** The next `count` requests or answers suffer from this. */
  set(fault: WireFault | undefined, count: number): void {
    this.#fault = fault;
    this.#left = count;
  }

  unplug(ms: number): void {
    this.#unplugged = true;
    this.#drop?.();
    this.#scheduler.after(ms, this.#life, () => {
      this.#unplugged = false;
    });
  }

  heal(): void {
    this.#epoch++; // what is still late never comes
    this.#left = 0;
    this.#unplugged = false;
  }

  /** Serial lines for one life of the vault. */
  serial(life: Life): SerialFactory {
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
          if (!life.alive) return;
          if (!open) throw deviceFault("absent");
          await this.#write(bytes, life);
        },
        onData: (listener) => {
          this.#toDriver = (bytes) => {
            if (open && life.alive) listener(bytes);
          };
        },
        setBaudRate: async () => undefined,
        closed: closed.promise,
        close: async () => drop(),
      };
    };
  }

  #write(bytes: Uint8Array, life: Life): Promise<void> {
    const sent = this.#take("request") ? this.#spoil(bytes) : bytes;
    if (bytes[2] === 0x31) this.onUnlock();
    const echo = this.#take("echo");
    return new Promise((resolve) =>
      this.#scheduler.after(bytes.length * BYTE_MS, this.#life, () => {
        if (life.alive) resolve();
        // What a process had given to the line when it died may have left or not.
        if (this.#unplugged || (!life.alive && this.#random() < 0.5)) return;
        if (echo) this.#toDriver?.(bytes);
        if (sent.length > 0) this.#cabinet.receive(sent);
      }),
    );
  }

  #spoil(bytes: Uint8Array): Uint8Array {
    if (this.#fault === "requestLost") return new Uint8Array();
    if (this.#fault === "requestTruncated")
      return bytes.slice(0, 1 + Math.floor(this.#random() * (bytes.length - 1)));
    return this.#flipped(bytes);
  }

  /** One bit turned over: what a sum of one byte always notices. */
  #flipped(bytes: Uint8Array): Uint8Array {
    const bad = Uint8Array.from(bytes);
    const at = Math.floor(this.#random() * bad.length);
    bad[at] = (bad[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    return bad;
  }

  #take(prefix: string): boolean {
    if (this.#left <= 0 || !this.#fault?.startsWith(prefix)) return false;
    this.#left--;
    return true;
  }

  #reply(bytes: Uint8Array): void {
    if (this.#unplugged) return;
    const epoch = this.#epoch;
    const deliver = (part: Uint8Array, after = 0) => {
      if (after === 0) this.#toDriver?.(part);
      else
        this.#scheduler.after(after, this.#life, () => {
          if (epoch === this.#epoch) this.#toDriver?.(part);
        });
    };
    const fault = this.#take("reply") || this.#take("noReply") ? this.#fault : undefined;
    const cut = 1 + Math.floor(this.#random() * (bytes.length - 1));
    switch (fault) {
      case "noReply":
        return;
      case "replyLate":
        return deliver(bytes, LATE_MS);
      case "replyTwice":
        deliver(bytes);
        return deliver(bytes, 1 + this.#random() * 30);
      case "replyGarbled":
        return deliver(this.#flipped(bytes));
      case "replyTruncated":
        return deliver(bytes.slice(0, cut));
      case "replySplit":
        deliver(bytes.slice(0, cut));
        return deliver(bytes.slice(cut), 1 + this.#random() * 20);
      case "replyAfterJunk":
        return deliver(Uint8Array.from([0x55, 0x02, Math.floor(this.#random() * 256), 0x35, ...bytes]));
      case "replyOfOtherBoard": {
        const other = Uint8Array.from(bytes);
        other[1] = (other[1] ?? 0) ^ 0x10;
        other[8] = ((other[8] ?? 0) + ((other[1] & 0x10) === 0 ? -0x10 : 0x10)) & 255;
        return deliver(other);
      }
      default:
        return deliver(bytes);
    }
  }
}
