import type { I2cBusObject } from "../ports/index.ts";
import type { Step } from "./script.ts";

/** What one transfer to a part was and what came of it. */
interface Transfer {
  /** Of the recording, ms. */
  t: number;
  /** What was written, hex; empty for a plain read. */
  out: string;
  bytes?: Buffer;
  /** The error of the system, or how many bytes came. */
  failed?: string;
}

/** How far ahead it is looked for a transfer that came in place of another. */
const AHEAD = 32;
/** A driver may be a little earlier than it was; one that is earlier by more asks once more than it had. */
const EARLY_MS = 400;
/** What was asked this long before now was not asked again. */
const LATE_MS = 2_000;

/** One part on a bus as it was recorded: each transfer comes to what it came to then. */
export class RecordedPart {
  readonly #transfers: Transfer[] = [];
  readonly #last = new Map<string, Transfer>();
  #at = 0;
  readonly differences: string[] = [];

  readonly #now: () => number;

  /** @param now where in the recording the replay is, ms */
  constructor(steps: readonly Step[], line: number, now: () => number) {
    this.#now = now;
    let out: Buffer | undefined;
    let asked = 0;
    const push = (t: number, more: Omit<Transfer, "out" | "t">) => {
      this.#transfers.push({ t, out: out?.toString("hex") ?? "", ...more });
      out = undefined;
    };
    for (const step of steps) {
      if (!("line" in step) || step.line !== line) continue;
      if (step.kind === "device") push(step.t, { bytes: step.bytes });
      else if (step.kind === "event" && step.what.startsWith("failed"))
        push(step.t, { failed: step.what.slice(7) });
      else if (step.kind === "host") {
        if (out) push(asked, {});
        asked = step.t;
        out = Buffer.concat(
          step.parts.map((part) => ("bytes" in part ? part.bytes : Buffer.alloc(part.length))),
        );
      }
    }
    if (out) push(asked, {});
  }

  /** @param out what is written; @param length bytes that are read, 0 for a write */
  transfer(out: Uint8Array, length: number): Buffer {
    const asked = Buffer.from(out).toString("hex");
    const found = this.#find(asked, length);
    if (!found) {
      this.differences.push(`${asked || "a read"} is asked of the part, and was not`);
      throw Object.assign(new Error("not recorded"), { code: "EREMOTEIO" });
    }
    this.#last.set(`${asked} ${length > 0}`, found);
    if (found.failed?.startsWith("short")) return Buffer.alloc(Number(found.failed.slice(6)));
    if (found.failed !== undefined) throw Object.assign(new Error("recorded"), { code: found.failed });
    return found.bytes ?? Buffer.alloc(length);
  }

  #find(asked: string, length: number): Transfer | undefined {
    const now = this.#now();
    const last = this.#last.get(`${asked} ${length > 0}`);
    while ((this.#transfers[this.#at]?.t ?? now) < now - LATE_MS) this.#at++;
    for (let i = this.#at; i < Math.min(this.#transfers.length, this.#at + AHEAD); i++) {
      const transfer = this.#transfers[i] as Transfer;
      const same =
        transfer.out === asked &&
        (transfer.failed !== undefined || (transfer.bytes !== undefined) === length > 0);
      if (!same) continue;
      if (last && transfer.t > now + EARLY_MS) return last;
      this.#at = i + 1;
      return transfer;
    }
    return last;
  }
}

/** A look-alike of the object of the package `i2c-bus` with recorded parts on it. */
export function recordedBus(partAt: (address: number) => RecordedPart | undefined): I2cBusObject {
  const ask = (address: number, out: Uint8Array, length: number): Buffer => {
    const part = partAt(address);
    if (!part) throw Object.assign(new Error("nobody there"), { code: "EREMOTEIO" });
    return part.transfer(out, length);
  };
  const read = (address: number, out: Uint8Array, length: number, buffer: Buffer) => {
    const bytes = ask(address, out, length);
    bytes.copy(buffer);
    return { bytesRead: bytes.length, buffer };
  };
  return {
    i2cRead: async (address, length, buffer) => read(address, Buffer.alloc(0), length, buffer),
    i2cWrite: async (address, length, buffer) => ask(address, buffer.subarray(0, length), 0),
    readI2cBlock: async (address, register, length, buffer) =>
      read(address, Uint8Array.of(register), length, buffer),
    writeByte: async (address, register, value) => void ask(address, Uint8Array.of(register, value), 0),
    close: async () => undefined,
  };
}
