import { deviceFault } from "../contract/index.ts";
import { Bell, type Clock } from "../kit/index.ts";
import type { SerialConnection, SerialFactory } from "../ports/index.ts";
import { fits, keyOf, type Step } from "./script.ts";

/** How long after its time a recorded write of the host is waited for, ms. */
const PATIENCE_MS = 4_000;
/** How long an opening waits for the one that was recorded, ms. */
const OPENING_MS = 2_000;
/** How long a gap of the recording lasts here, ms. */
const GAP_MS = 500;
/** Times of a recording are no finer, ms. */
const TICK_MS = 0.001;
/** How many writes ahead it is looked for one that came in place of another. */
const AHEAD = 4;

type HostStep = Extract<Step, { kind: "host" }>;

interface Written {
  line: number;
  bytes: Uint8Array;
}

interface Opening {
  line: number;
  resolve(connection: SerialConnection): void;
  reject(error: unknown): void;
}

interface Open {
  listener: (chunk: Uint8Array) => void;
  lose(): void;
}

export interface PlayerHooks {
  /** A verb was called here. @param lateBy the recorded time, on this clock, minus `t` of the recording */
  call(step: Extract<Step, { kind: "call" }>, offset: number): void;
  /** A contact has this level from here on. */
  level(line: number, level: 0 | 1): void;
  /** Something else happened to a line that is no serial one. */
  event(line: number, name: string, reason: string): void;
}

/**
 * The device's side of a recording: says what was said, as long after the host's own words as it was then; opens, fails and
 * is lost as it was. What the host writes and had not written then is answered as the same words were answered before, or
 * not at all, and counted.
 */
export class Player {
  readonly #steps: readonly Step[];
  readonly #clock: Clock;
  readonly #hooks: PlayerHooks;
  /** Which lines are serial ones; parts on a bus answer by themselves. */
  readonly #serial: ReadonlySet<number>;
  readonly #news = new Bell();
  readonly #written: Written[] = [];
  readonly #opening: Opening[] = [];
  readonly #open = new Map<number, Open>();
  /** Lines that were open at this place of the recording. */
  readonly #openThen = new Set<number>();
  /** What followed a write of the host when it was recorded. */
  readonly #answers = new Map<string, { afterMs: number; bytes: Uint8Array }[]>();
  /** Time of this clock minus time of the recording. */
  #offset = 0;
  #at = 0;
  /** What the host wrote otherwise than it was recorded, in words. */
  readonly differences: string[] = [];

  constructor(steps: readonly Step[], lines: readonly string[], clock: Clock, hooks: PlayerHooks) {
    this.#steps = steps;
    this.#clock = clock;
    this.#hooks = hooks;
    this.#serial = new Set(lines.flatMap((name, index) => (name.startsWith("serial ") ? [index] : [])));
    this.#offset = clock.mono();
  }

  /** A serial line of the recording. */
  serial(line: number): SerialFactory {
    return () =>
      new Promise((resolve, reject) => {
        const opening = { line, resolve, reject };
        this.#opening.push(opening);
        this.#news.ring();
        // A line that was not opened then is not there now.
        void this.#clock.sleep(OPENING_MS).then(() => {
          const index = this.#opening.indexOf(opening);
          if (index < 0) return;
          this.#opening.splice(index, 1);
          if (this.#openThen.has(line)) {
            this.differences.push(`${at(this.now)} the line is opened anew, and was not`);
            return resolve(this.#connection(line));
          }
          reject(deviceFault("absent", { reason: "notRecorded" }));
        });
      });
  }

  /** Where in the recording the replay is, ms. */
  get now(): number {
    return this.#clock.mono() - this.#offset;
  }

  /** Plays to the end. */
  async run(): Promise<void> {
    for (; this.#at < this.#steps.length; this.#at++) {
      const step = this.#steps[this.#at] as Step;
      // Parts on a bus are asked, and never speak by themselves: only time passes here.
      if ("line" in step && !this.#serial.has(step.line)) await this.#until(step.t);
      if (step.kind === "host") {
        if (this.#serial.has(step.line) && !(await this.#hostWrites(step))) this.#skipAnswers(step.line);
      } else if (step.kind === "event") await this.#happens(step);
      else if (step.kind === "gap") {
        // A slow driver may still be opening.
        await this.#clock.sleep(GAP_MS);
        this.#offset = this.#clock.mono() - step.t;
      } else if (step.kind === "call") {
        await this.#until(step.t);
        this.#hooks.call(step, this.#offset);
      } else await this.#deviceSays(step);
    }
  }

  async #deviceSays({ t, line, bytes }: Extract<Step, { kind: "device" }>): Promise<void> {
    if (this.#serial.has(line)) {
      await this.#until(t);
      this.#open.get(line)?.listener(bytes);
    } else if (bytes.length === 1 && (bytes[0] === 0 || bytes[0] === 1)) {
      this.#hooks.level(line, bytes[0]);
    }
  }

  async #happens({ t, line, what }: Extract<Step, { kind: "event" }>): Promise<void> {
    const [name, reason] = what.split(" ");
    if (!this.#serial.has(line)) return this.#hooks.event(line, name ?? "", reason ?? "");
    if (name === "opened") this.#openThen.add(line);
    if (name === "lost" || name === "closed") this.#openThen.delete(line);
    if (name === "lost") {
      await this.#until(t);
      this.#open.get(line)?.lose();
    } else if (name === "opened" || name === "failed") {
      const asked = await this.#wait(this.#patience(t), () =>
        this.#opening.findIndex((opening) => opening.line === line),
      );
      if (asked === undefined) {
        this.differences.push(
          `${at(t)} the line was ${name === "opened" ? "opened" : "tried"}, now it is not`,
        );
        return;
      }
      const [opening] = this.#opening.splice(asked, 1);
      this.#offset = this.#clock.mono() - t;
      if (name === "opened") opening?.resolve(this.#connection(line));
      else opening?.reject(deviceFault("absent", { reason: reason ?? "unknown" }));
    }
  }

  /** Waits for the write that was recorded. False when it does not come. */
  async #hostWrites(step: HostStep): Promise<boolean> {
    const end = this.#patience(step.t);
    for (;;) {
      const index = await this.#wait(end, () => this.#written.findIndex(({ line }) => line === step.line));
      if (index === undefined) {
        this.differences.push(`${at(step.t)} ${keyOf(step.parts)} was written, now it is not`);
        return false;
      }
      const [written] = this.#written.splice(index, 1);
      if (!written) continue;
      if (fits(step.parts, written.bytes)) {
        this.#met(step);
        return true;
      }
      if (this.#answerAgain(written)) continue;
      const ahead = this.#ahead(written);
      if (ahead !== undefined) {
        this.differences.push(`${at(step.t)} ${keyOf(step.parts)} was written, now it is left out`);
        this.#at = ahead;
        this.#met(this.#steps[ahead] as HostStep);
        return true;
      }
      this.#differs(written);
    }
  }

  /** From here the times of what follows are counted. */
  #met(step: HostStep): void {
    this.#offset = this.#clock.mono() - step.t;
    const answers: { afterMs: number; bytes: Uint8Array }[] = [];
    for (let i = this.#at + 1; i < this.#steps.length; i++) {
      const next = this.#steps[i] as Step;
      if (next.kind === "host" && next.line === step.line) break;
      if (next.kind === "device" && next.line === step.line)
        answers.push({ afterMs: next.t - step.t, bytes: next.bytes });
    }
    this.#answers.set(keyOf(step.parts), answers);
  }

  /** The place of this write among the next ones of its line. */
  #ahead(written: Written): number | undefined {
    let seen = 0;
    for (let i = this.#at + 1; i < this.#steps.length && seen < AHEAD; i++) {
      const step = this.#steps[i] as Step;
      if (step.kind === "call" || step.kind === "gap") return undefined;
      if (step.kind !== "host" || step.line !== written.line) continue;
      seen++;
      if (fits(step.parts, written.bytes)) return i;
    }
    return undefined;
  }

  /** A write that comes once more than it was recorded, mostly a probe: answered as the last time. */
  #answerAgain(written: Written): boolean {
    const answers = this.#answers.get(Buffer.from(written.bytes).toString("hex"));
    if (!answers) return false;
    const connection = this.#open.get(written.line);
    for (const { afterMs, bytes } of answers)
      void this.#clock.sleep(afterMs).then(() => connection?.listener(bytes));
    return true;
  }

  #differs(written: Written): void {
    this.differences.push(`${Buffer.from(written.bytes).toString("hex")} is written, and was not`);
  }

  /** What the device had said to a write that has not come is not said. */
  #skipAnswers(line: number): void {
    for (let next = this.#steps[this.#at + 1]; next; next = this.#steps[this.#at + 1]) {
      if (next.kind !== "device" || next.line !== line) return;
      this.#at++;
    }
  }

  /** Until `t` of the recording; what the host writes meanwhile and is not waited for next is answered. */
  async #until(t: number): Promise<void> {
    for (;;) {
      const left = t + this.#offset - this.#clock.mono();
      this.#answerStrange();
      if (left < TICK_MS) return;
      await this.#news.wait(this.#clock, left);
    }
  }

  #answerStrange(): void {
    const next = this.#steps.slice(this.#at + 1).find(({ kind }) => kind === "host") as HostStep | undefined;
    for (let i = 0; i < this.#written.length; ) {
      const written = this.#written[i] as Written;
      const awaited = next && next.line === written.line && fits(next.parts, written.bytes);
      if (awaited || !this.#answerAgain(written)) i++;
      else this.#written.splice(i, 1);
    }
  }

  /** Until when (of this clock, ms) it is waited for what was done at `t` of the recording. */
  #patience(t: number): number {
    return Math.max(this.#clock.mono(), t + this.#offset) + PATIENCE_MS;
  }

  /** The index that `find` gives, once it gives one; undefined when it has given none before `end`. */
  async #wait(end: number, find: () => number): Promise<number | undefined> {
    for (;;) {
      const found = find();
      if (found >= 0) return found;
      const left = end - this.#clock.mono();
      if (left < TICK_MS) return undefined;
      await this.#news.wait(this.#clock, left);
    }
  }

  #connection(line: number): SerialConnection {
    let mine = true;
    let tell: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const end = () => {
      mine = false;
      tell();
    };
    const open: Open = { listener: () => undefined, lose: end };
    this.#open.set(line, open);
    return {
      write: async (bytes) => {
        if (!mine) throw deviceFault("absent");
        this.#written.push({ line, bytes: Uint8Array.from(bytes) });
        this.#news.ring();
      },
      onData: (listener) => {
        open.listener = (chunk) => mine && listener(Uint8Array.from(chunk));
      },
      setBaudRate: async () => undefined,
      closed,
      close: async () => end(),
    };
  }
}

const at = (t: number): string => `at ${(t / 1_000).toFixed(3)} s`;
