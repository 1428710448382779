import type { DeviceStatus, Driver } from "../../contract/index.ts";
import type { Clock } from "../../kit/index.ts";
import type { Ports } from "../types.ts";
import { TappedLine } from "./line.ts";
import type { Redaction } from "./redaction.ts";
import { type WireRecord, WireRing } from "./ring.ts";
import { type NotedValue, notedDriver } from "./verbs.ts";
import { gpioName, i2cName, serialName, tappedGpio, tappedI2c, tappedSerial } from "./wrap.ts";

const NOTE_BYTES = 32_768;

/** Something that happened above the wire: a verb called or answered, another standing of the device. */
export type Note =
  | { call: string; id: number; with: (NotedValue | null)[] }
  | { answer: number; code: string }
  | { status: string; fitness: string; code?: string }
  | { event: string };

export interface TimedNote {
  sequence: number;
  at: number;
  note: Note;
}

/** Everything of one device that is still there. */
export interface Trace {
  configuration: Readonly<Record<string, unknown>>;
  lines: { name: string; forgotten: number; opening: WireRecord[]; records: WireRecord[] }[];
  notes: TimedNote[];
}

interface Tapped {
  configuration: Readonly<Record<string, unknown>>;
  lines: TappedLine[];
  notes: WireRing;
  /** The last standing that was noted. */
  standing: string;
}

/**
 * Keeps the last minutes of every configured device's wire in memory, redacted by the device's own driver, for who looks
 * for a fault. One for each process. A byte is copied once and never looked at again unless somebody asks.
 */
export class WireTap {
  readonly clock: Clock;
  readonly #devices = new Map<string, Tapped>();
  readonly #lines = new Map<string, TappedLine>();
  #sequence = 0;
  #calls = 0;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Number of the last record or note. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The same ports, listened in to. What no bound device hangs on is left as it is. */
  over(ports: Ports): Ports {
    const find = (name: string) => this.#lines.get(name);
    return {
      ...ports,
      serial: tappedSerial(ports.serial, find),
      i2c: tappedI2c(ports.i2c, find),
      gpio: tappedGpio(ports.gpio, find),
    };
  }

  /** Takes a device in, before its driver is made. Devices on one line share what is kept of it. */
  bind(configuration: { role: string }, redaction?: () => Redaction): void {
    const { role } = configuration;
    const lines = linesOf(configuration).map((name) => {
      const line = this.#lines.get(name) ?? new TappedLine(name, this.clock, this.#counter);
      this.#lines.set(name, line);
      if (redaction) line.redaction = redaction();
      line.onRecord = () => this.#wake(name);
      return line;
    });
    const notes = new WireRing(NOTE_BYTES);
    this.#devices.set(role, { configuration: { ...configuration }, lines, notes, standing: "" });
  }

  /** The driver with its verbs noted. */
  watch<V>(driver: Driver<V>): Driver<V> {
    const { role } = driver;
    const camera = this.#devices.get(role)?.lines.find(({ name }) => name.startsWith("camera "));
    return notedDriver(driver, {
      called: (call, given) => {
        const id = ++this.#calls;
        this.#note(role, { call, id, with: given });
        return id;
      },
      answered: (answer, code) => this.#note(role, { answer, code }),
      picture: (length) => camera?.hidden("device", "image", length),
    });
  }

  /** Notes how a device stands, where that is another standing than before. */
  status({ role, lifecycle, fitness }: DeviceStatus): void {
    const device = this.#devices.get(role);
    const standing = `${lifecycle} ${fitness.state} ${fitness.code ?? ""}`;
    if (!device || device.standing === standing) return;
    device.standing = standing;
    const code = fitness.code === undefined ? {} : { code: fitness.code };
    this.#note(role, { status: lifecycle, fitness: fitness.state, ...code });
  }

  /** Notes what happened to a device that its own wire does not tell, e.g. `wedged`. */
  event(role: string, event: string): void {
    this.#note(role, { event });
  }

  /** What is known of a device; undefined for a role that is not bound. */
  trace(role: string): Trace | undefined {
    const device = this.#devices.get(role);
    if (!device) return undefined;
    return {
      configuration: device.configuration,
      lines: device.lines.map((line) => ({
        name: line.name,
        forgotten: line.forgotten,
        ...line.records(),
      })),
      notes: device.notes.records().map(({ sequence, at, bytes }) => ({
        sequence,
        at,
        // It was written by `#note`.
        note: JSON.parse(Buffer.from(bytes).toString("utf8")) as Note,
      })),
    };
  }

  /** Resolves at the next record of this device, or when `signal` aborts. */
  next(role: string, signal: AbortSignal): Promise<void> {
    const names = this.#devices.get(role)?.lines.map(({ name }) => name) ?? [];
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        for (const name of names) this.#waiting.get(name)?.delete(done);
        resolve();
      };
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", done, { once: true });
      for (const name of names) {
        const set = this.#waiting.get(name) ?? new Set();
        this.#waiting.set(name, set.add(done));
      }
    });
  }

  readonly #counter = { next: () => ++this.#sequence };

  #note(role: string, note: Note): void {
    const bytes = Buffer.from(JSON.stringify(note));
    const at = this.clock.mono();
    const sequence = ++this.#sequence;
    this.#devices.get(role)?.notes.push({ at, sequence, from: "event", kind: "shown", bytes });
  }

  #wake(name: string): void {
    const waiting = this.#waiting.get(name);
    if (!waiting?.size) return;
    for (const done of [...waiting]) done();
  }
}

/** The lines of a device, by what its configuration says: a serial path, a place on a bus, contacts, a camera. */
function linesOf(configuration: object): string[] {
  const { port, bus, address, driver, index, path } = configuration as Record<string, unknown>;
  const serial = (port as { path?: unknown } | undefined)?.path;
  if (typeof serial === "string") return [serialName(serial)];
  if (typeof bus === "number" && typeof address === "number") return [i2cName(bus, address)];
  if (String(driver).startsWith("camera.")) return [`camera ${String(index ?? path)}`];
  return [...new Set(contactsOf(configuration))];
}

function contactsOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const { chip, offset } = value as Record<string, unknown>;
  if (typeof chip === "string" && typeof offset === "number") return [gpioName({ chip, offset })];
  return Object.values(value).flatMap(contactsOf);
}
