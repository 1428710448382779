import type { Clock } from "../../kit/index.ts";
import { KEEP_ALL, type Keep, type Redaction, type WireSide } from "./redaction.ts";
import { type HiddenKind, type WireRecord, WireRing } from "./ring.ts";

/** Bytes that are kept of a line: minutes of probes, or a capture with its image redacted. */
const LINE_BYTES = 65_536;
const OPENED = "opened";
/** Records of an opening that stay when the ring has gone past them: how the device was brought up. */
const OPENING_RECORDS = 96;
const NOTHING = new Uint8Array();

/** Numbers the records of a process. */
export interface Counter {
  next(): number;
}

/** One serial line, one part on a bus, or one contact: the last that was said on it, redacted. */
export class TappedLine {
  /** What is tapped, e.g. `serial /dev/serial/by-id/…`, `i2c 1:0x76`, `gpio pinctrl-bcm2711:17`. */
  readonly name: string;
  redaction: Redaction = KEEP_ALL;
  readonly #clock: Clock;
  readonly #counter: Counter;
  readonly #ring = new WireRing(LINE_BYTES);
  /** How the connection began with whose later records the ring begins. */
  #opening: WireRecord[] = [];
  /** Sequence of the last record that the ring has forgotten. */
  forgotten = 0;
  readonly #keep: Keep;
  #joined = false;
  /** Who was kept last of what is seen now. */
  #spoke: WireSide | undefined;
  onRecord: (() => void) | undefined;

  constructor(name: string, clock: Clock, counter: Counter) {
    this.name = name;
    this.#clock = clock;
    this.#counter = counter;
    this.#keep = (from, part) => {
      this.#joined = from === this.#spoke;
      this.#spoke = from;
      if (part instanceof Uint8Array) this.#push(from, "shown", part);
      else this.#push(from, part.hidden, NOTHING, part.length);
      this.#joined = false;
    };
    this.#ring.onForget = (record) => {
      this.forgotten = record.sequence;
      if (isOpening(record)) this.#opening = [];
      else if (this.#opening.length === 0 || this.#opening.length >= OPENING_RECORDS) return;
      this.#opening.push(record);
    };
  }

  see(from: WireSide, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#spoke = undefined;
    this.redaction.see(from, bytes, this.#keep);
  }

  hidden(from: WireSide, kind: HiddenKind, length: number): void {
    this.#push(from, kind, NOTHING, length);
  }

  /** @param what one word, with details behind it: `opened 57600`, `failed notThere`, `lost` */
  event(what: string): void {
    this.#spoke = undefined;
    this.redaction.flush(this.#keep);
    if (what.startsWith(OPENED)) this.redaction.opened();
    this.#push("event", "shown", Buffer.from(what));
  }

  /** What is there, oldest first; `opening` is how the connection began where the rest has lost it. */
  records(): { opening: WireRecord[]; records: WireRecord[] } {
    return { opening: [...this.#opening], records: this.#ring.records() };
  }

  #push(from: WireRecord["from"], kind: WireRecord["kind"], bytes: Uint8Array, length?: number): void {
    const sequence = this.#counter.next();
    const at = this.#clock.mono();
    const joined = this.#joined;
    this.#ring.push({ at, sequence, from, kind, bytes, joined, ...(length === undefined ? {} : { length }) });
    this.onRecord?.();
  }
}

const isOpening = ({ from, bytes }: WireRecord): boolean =>
  from === "event" && Buffer.from(bytes.subarray(0, OPENED.length)).toString() === OPENED;
