import type { Clock } from "../../kit/index.ts";
import type { WireLine } from "../line.ts";

/** What a line or a device can do to a reply on its way to the driver. `at` is a byte of the reply. */
export type ReplyFault =
  | { fault: "noReply" }
  | { fault: "lateReply"; lateMs: number }
  | { fault: "duplicateReply" }
  | { fault: "badChecksum" }
  | { fault: "flippedBit"; at: number; bit: number }
  | { fault: "truncated"; at: number }
  | { fault: "split"; at: number }
  | { fault: "bytewise" }
  | { fault: "merged" }
  | { fault: "garbageBefore"; garbage: Uint8Array }
  | { fault: "replaced"; by: (reply: Uint8Array) => Uint8Array }
  | { fault: "event"; happens: () => void };

/** What a line can do to a request on its way to the device. */
export type RequestFault = { fault: "echo" } | { fault: "requestEvent"; happens: () => void };

export interface WireFault {
  what: ReplyFault | RequestFault;
  /** Which reply (or request) after arming is the first that it meets, from 0. */
  from: number;
  /** How many it meets; Infinity until it is disarmed. */
  times: number;
}

/** Some bytes to the driver, `afterMs` after the ones before. */
export interface Delivery {
  bytes: Uint8Array;
  afterMs: number;
}

/** Pause between two parts of a reply, and between two bytes: about that of a byte at 9600 baud, ms. */
const PART_MS = 3;
const BYTE_MS = 1;
/** How long a reply is held back for the next one to be merged with, ms. */
const HOLD_MS = 20;

/** What of `reply` reaches the driver. Pure. */
export function deliveries(what: ReplyFault, reply: Uint8Array): Delivery[] {
  const whole = { bytes: reply, afterMs: 0 };
  switch (what.fault) {
    case "noReply":
      return [];
    case "lateReply":
      return [{ bytes: reply, afterMs: what.lateMs }];
    case "duplicateReply":
      return [whole, whole];
    case "badChecksum":
      return [{ bytes: flip(reply, reply.length - 1, 0), afterMs: 0 }];
    case "flippedBit":
      return [{ bytes: flip(reply, what.at, what.bit), afterMs: 0 }];
    case "truncated":
      return [{ bytes: reply.subarray(0, what.at), afterMs: 0 }];
    case "split":
      return [
        { bytes: reply.subarray(0, what.at), afterMs: 0 },
        { bytes: reply.subarray(what.at), afterMs: PART_MS },
      ];
    case "bytewise":
      return [...reply].map((byte, i) => ({ bytes: Uint8Array.of(byte), afterMs: i === 0 ? 0 : BYTE_MS }));
    case "garbageBefore":
      return [{ bytes: Uint8Array.of(...what.garbage, ...reply), afterMs: 0 }];
    case "replaced":
      return [{ bytes: what.by(reply), afterMs: 0 }];
    case "merged":
    case "event":
      return [whole];
  }
}

function flip(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
}

/**
 * A simulator's line on which one fault can be armed. What the simulator sends in one piece is one reply. It stands
 * between any line and its simulator, pseudo-terminals included.
 */
export class FaultyLine implements WireLine {
  readonly #inner: WireLine;
  readonly #clock: Clock;
  #armed: WireFault | undefined;
  #seenReplies = 0;
  #seenRequests = 0;
  #met = 0;
  /** Keeps the order of what is sent. */
  #out: Promise<void> | undefined;
  #held: Uint8Array[] = [];

  constructor(inner: WireLine, clock: Clock) {
    this.#inner = inner;
    this.#clock = clock;
  }

  /** Replies since the last arming or `listen`, as the simulator sent them. */
  readonly replies: Uint8Array[] = [];
  requests = 0;

  arm(fault: WireFault): void {
    this.listen();
    this.#armed = fault;
  }

  /** Ends the fault; answers how many replies or requests it met. */
  disarm(): number {
    this.#armed = undefined;
    return this.#met;
  }

  /** Counts replies and requests anew. */
  listen(): void {
    this.replies.length = 0;
    this.requests = 0;
    this.#seenReplies = 0;
    this.#seenRequests = 0;
    this.#met = 0;
  }

  onBytes(listener: (chunk: Uint8Array) => void): void {
    this.#inner.onBytes((chunk) => {
      this.requests++;
      const what = this.#armed?.what;
      if (what?.fault === "echo" && this.#meets("request")) this.#inner.send(chunk);
      if (what?.fault === "requestEvent" && this.#meets("request")) return what.happens();
      listener(chunk);
    });
  }

  send(bytes: Uint8Array): void {
    this.replies.push(Uint8Array.from(bytes));
    const what = this.#armed?.what;
    if (!what || what.fault === "echo" || what.fault === "requestEvent" || !this.#meets("reply")) {
      return this.#deliver([{ bytes: this.#withHeld(bytes), afterMs: 0 }]);
    }
    if (what.fault === "event") return what.happens();
    if (what.fault === "merged") return this.#hold(bytes);
    this.#deliver(deliveries(what, bytes));
  }

  #meets(which: "reply" | "request"): boolean {
    const armed = this.#armed;
    if (!armed) return false;
    const index = which === "reply" ? this.#seenReplies++ : this.#seenRequests++;
    const meets = index >= armed.from && index < armed.from + armed.times;
    if (meets) this.#met++;
    return meets;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    if (this.#held.length > 1) return;
    void this.#clock.sleep(HOLD_MS).then(() => {
      const rest = this.#withHeld(new Uint8Array());
      if (rest.length > 0) this.#deliver([{ bytes: rest, afterMs: 0 }]);
    });
  }

  #withHeld(bytes: Uint8Array): Uint8Array {
    if (this.#held.length === 0) return bytes;
    const merged = Buffer.concat([...this.#held, bytes]);
    this.#held = [];
    return merged;
  }

  #deliver(parts: readonly Delivery[]): void {
    if (!this.#out && parts.every(({ afterMs }) => afterMs === 0)) {
      for (const { bytes } of parts) if (bytes.length > 0) this.#inner.send(bytes);
      return;
    }
    const before = this.#out ?? Promise.resolve();
    const own = before
      .then(async () => {
        for (const { bytes, afterMs } of parts) {
          if (afterMs > 0) await this.#clock.sleep(afterMs);
          if (bytes.length > 0) this.#inner.send(bytes);
        }
      })
      .finally(() => {
        if (this.#out === own) this.#out = undefined;
      });
    this.#out = own;
  }
}
