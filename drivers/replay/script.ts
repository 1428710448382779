import type { Flight, FlightEntry } from "../flight/index.ts";

/** A part of what the host wrote: bytes that it must write again, or so many of which nothing is known. */
export type Part = { bytes: Buffer } | { hidden: string; length: number };

export type Step =
  | { t: number; kind: "host"; line: number; parts: Part[] }
  | { t: number; kind: "device"; line: number; bytes: Buffer }
  | { t: number; kind: "event"; line: number; what: string }
  | { t: number; kind: "gap" }
  | { t: number; kind: "call"; verb: string; id: number; given: unknown[] };

/** What a recording says that the device does, and when the host spoke to it. Times in ms since its beginning. */
export function scriptOf({ header, entries }: Flight): Step[] {
  const steps: Step[] = [];
  const fillers = header.lines.map(() => new Filler());
  for (const entry of entries) {
    if ("from" in entry) addWire(steps, entry, fillers[entry.line] ?? new Filler());
    else if ("gap" in entry) steps.push({ t: entry.t, kind: "gap" });
    else if ("call" in entry)
      steps.push({ t: entry.t, kind: "call", verb: entry.call, id: entry.id, given: entry.with });
    else if ("event" in entry && "line" in entry)
      steps.push({ t: entry.t, kind: "event", line: entry.line, what: entry.event });
  }
  return steps;
}

type WireEntry = Extract<FlightEntry, { from: unknown }>;

function addWire(steps: Step[], entry: WireEntry, filler: Filler): void {
  const { t, line, from, joined } = entry;
  const last = steps.at(-1);
  if (from === "host") {
    const part: Part =
      "hex" in entry
        ? { bytes: Buffer.from(entry.hex, "hex") }
        : { hidden: entry.hidden, length: entry.length };
    if (joined && last?.kind === "host" && last.line === line) last.parts.push(part);
    else steps.push({ t, kind: "host", line, parts: [part] });
    return;
  }
  const bytes =
    "hex" in entry ? filler.shown(Buffer.from(entry.hex, "hex")) : filler.fill(entry.hidden, entry.length);
  if (joined && last?.kind === "device" && last.line === line)
    last.bytes = Buffer.concat([last.bytes, bytes]);
  else steps.push({ t, kind: "device", line, bytes });
}

/**
 * Puts something in the place of what was not recorded: nothing of a person, of the same length, and with a right checksum
 * where the recorder had seen a right one. Knows the frames by itself; it shares no code with a driver.
 */
class Filler {
  /** The last bytes that are known. */
  #head = Buffer.alloc(0);
  /** How much of the hidden run has been filled. */
  #run = Buffer.alloc(0);

  shown(bytes: Buffer): Buffer {
    this.#head = Buffer.concat([this.#head, bytes]).subarray(-64);
    this.#run = Buffer.alloc(0);
    return bytes;
  }

  fill(hidden: string, length: number): Buffer {
    const whole = hidden === "biometric" ? this.#ef01() : hidden === "item" ? this.#crt591() : undefined;
    const before = this.#run.length;
    this.#run = Buffer.concat([this.#run, Buffer.alloc(length)]);
    if (!whole) return Buffer.alloc(length);
    const filled = Buffer.alloc(length);
    whole.copy(filled, 0, before, before + length);
    return filled;
  }

  /** Content of zeros and its sum, after the nine bytes of a head. */
  #ef01(): Buffer | undefined {
    const head = this.#head.subarray(-9);
    if (head.length < 9) return undefined;
    const length = head.readUInt16BE(7);
    if (length < 2) return undefined;
    const whole = Buffer.alloc(length);
    whole.writeUInt16BE(((head[6] ?? 0) + (head[7] ?? 0) + (head[8] ?? 0)) & 0xffff, length - 2);
    return whole;
  }

  /** A number of fours, the end of the text, and the check byte over the frame, after fourteen bytes of it. */
  #crt591(): Buffer | undefined {
    const head = this.#head.subarray(-14);
    const length = head.length < 14 ? 0 : 4 + head.readUInt16BE(2) + 2 - 14;
    if (length < 2) return undefined;
    const whole = Buffer.alloc(length, 0x44);
    whole[length - 2] = 0x03;
    whole[length - 1] = [...head, ...whole.subarray(0, -1)].reduce((all, byte) => all ^ byte, 0);
    return whole;
  }
}

/** Whether the host wrote what was recorded, as far as that is known. What is printed may have another length. */
export function fits(parts: readonly Part[], bytes: Uint8Array): boolean {
  const data = Buffer.from(bytes);
  let at = 0;
  for (const part of parts) {
    if ("hidden" in part) {
      if (part.hidden === "print") return parts.length === 1;
      at += part.length;
      continue;
    }
    if (!data.subarray(at, at + part.bytes.length).equals(part.bytes)) return false;
    at += part.bytes.length;
  }
  return at === data.length;
}

/** So much before the end of a recording is played, ms: what is longer ago has little to do with its fault. */
const PLAYED_MS = 60_000;
const OPENING_ENTRIES = 96;

/** How the device was brought up, and the last minute; what lies between becomes a gap. */
export function lastPart({ header, entries }: Flight): Flight {
  const since = (entries.at(-1)?.t ?? 0) - PLAYED_MS;
  const cut = entries.findIndex(({ t }) => t >= since);
  if (cut <= OPENING_ENTRIES) return { header, entries };
  const ready = entries.findIndex(
    (entry) => "gap" in entry || ("status" in entry && entry.status === "ready"),
  );
  const opening = entries.slice(0, ready < 0 || ready > OPENING_ENTRIES ? OPENING_ENTRIES : ready);
  const rest = entries.slice(cut);
  // An answer whose question is cut off belongs to nothing.
  const begin = rest.findIndex((entry) => !("from" in entry) || entry.from === "host");
  const last = rest.slice(Math.max(0, begin)).filter((entry) => !("gap" in entry));
  return { header, entries: [...opening, { t: last[0]?.t ?? since, gap: true }, ...last] };
}

/** What frames of the host are told apart by. */
export const keyOf = (parts: readonly Part[]): string =>
  parts
    .map((part) => ("hidden" in part ? `${part.hidden}${part.length}` : part.bytes.toString("hex")))
    .join(" ");

/** What a recording came to: every verb with its answer, and every fault of the device, in order. */
export interface Outcome {
  answers: string[];
  faults: string[];
}

export function outcomeOf({ entries }: Flight): Outcome {
  const answers = new Map<number, string>();
  const verbs = new Map<number, string>();
  const faults: string[] = [];
  for (const entry of entries) {
    if ("call" in entry) verbs.set(entry.id, entry.call);
    if ("answer" in entry) answers.set(entry.answer, entry.code);
    if ("status" in entry) {
      const fault = entry.fitness === "ok" ? "ok" : `${entry.fitness} ${entry.code ?? ""}`.trim();
      // That it was well before is no news, and mostly forgotten.
      if (faults.at(-1) !== fault && !(faults.length === 0 && fault === "ok")) faults.push(fault);
    }
  }
  // A verb whose beginning is forgotten, or whose end was not seen, says nothing.
  const answered = [...verbs].filter(([id]) => answers.has(id));
  return { answers: answered.map(([id, verb]) => `${verb}: ${answers.get(id) ?? ""}`), faults };
}
