import { type Clock, systemClock } from "../../kit/index.ts";
import type { WireLine } from "../line.ts";
import type { Simulator, World } from "../world.ts";
import { Interpreter, type Step } from "./interpreter.ts";

/** How long an answer takes, and a line on paper, ms. */
const REACTION_MS = 4;
const LINE_MS = 6;
/** Lines that a QR code takes. */
const CODE_LINES = 12;
const LEAST_FEED = 4;

export interface PrinterSimulator extends Simulator {
  /** Cuts the power of the printer for a moment: its buffer is gone, its paper is where it was. */
  powerCycle(): void;
  /** Lines and codes in its buffer that are not printed. */
  waiting(): number;
}

/** A receipt printer of the TM kind on a serial line. */
export function startPrinterSimulator(options: {
  device: string;
  line: WireLine;
  world: World;
  /** `basic` knows no process ids and no DLE DC4. */
  profile: "tm" | "basic";
  encoding: "gb18030" | "big5";
  clock?: Clock;
}): PrinterSimulator {
  const { device, line, world, profile } = options;
  const clock = options.clock ?? systemClock;
  const paper = world.printer(device);
  const interpreter = new Interpreter(options.encoding);
  const stopped = new AbortController();
  /** Bytes that have come, with what may be a real-time command at the end. */
  let arrived: number[] = [];
  let buffer: number[] = [];
  let cutterStuck = false;
  /** Counts power-ons: what began before does nothing any more. */
  let life = 0;
  let working = false;

  const say = async (...bytes: number[]): Promise<void> => {
    const own = life;
    await clock.sleep(REACTION_MS, stopped.signal);
    if (own === life && !stopped.signal.aborted && world.attached(device)) line.send(Uint8Array.from(bytes));
  };
  const offline = () => paper.paper() === "out" || paper.cover() === "open" || cutterStuck;
  const status = (which: number): number => {
    const out = paper.paper() === "out";
    const open = paper.cover() === "open";
    const bits = (...on: boolean[]) => on.reduce((sum, set, i) => sum | (set ? 1 << i : 0), 0x12);
    if (which === 1) return bits(false, false, false, offline());
    if (which === 2) return bits(false, false, open, false, false, out, cutterStuck);
    if (which === 3) return bits(false, false, false, cutterStuck);
    const near = paper.paper() !== "enough";
    return bits(false, false, near, near, false, out, out);
  };
  const clear = () => {
    buffer = [];
    interpreter.reset();
    // An error that can be recovered from ends with it (DLE ENQ, DLE DC4).
    cutterStuck = false;
  };

  /** Takes what acts at once out of what has come; the rest goes into the buffer. */
  function receive(chunk: Uint8Array): void {
    arrived.push(...chunk);
    while (arrived.length > 0) {
      const [first = 0, second, third] = arrived;
      if (first !== 0x10) {
        buffer.push(first);
        arrived.shift();
        continue;
      }
      if (second === undefined || (third === undefined && second !== 0x14)) return;
      if (second === 0x04 && third !== undefined && third >= 1 && third <= 4) void say(status(third));
      else if (second === 0x05 && third === 2) clear();
      else if (second === 0x14) {
        if (arrived.length < 10) return;
        if (profile === "tm" && third === 8) {
          clear();
          void say(0x37, 0x25, 0x00);
        }
        arrived = arrived.slice(10);
        continue;
      }
      arrived = arrived.slice(3);
    }
  }

  async function work(): Promise<void> {
    if (working) return;
    working = true;
    const own = life;
    while (own === life && !stopped.signal.aborted && !offline()) {
      const taken = buffer;
      const found = interpreter.next(taken);
      if (!found) break;
      const done = found.step ? await perform(found.step) : true;
      // It was thrown away meanwhile.
      if (taken !== buffer) continue;
      // What could not be done stays for when there is paper again.
      if (!done) break;
      buffer = taken.slice(found.used);
    }
    if (own === life) working = false;
  }

  async function perform(step: Step): Promise<boolean> {
    const own = life;
    const before = buffer;
    switch (step.do) {
      case "line":
        await clock.sleep(LINE_MS, stopped.signal);
        return own === life && before === buffer && paper.line(step.text);
      case "qr":
        for (let i = 0; i < CODE_LINES; i += 1) {
          await clock.sleep(LINE_MS, stopped.signal);
          if (own !== life || before !== buffer || !paper.line(i === 0 ? `[QR ${step.text}]` : ""))
            return false;
        }
        return true;
      case "cut": {
        for (let i = 0; i < LEAST_FEED; i += 1) if (!paper.line("")) return false;
        await clock.sleep(LINE_MS, stopped.signal);
        if (own !== life || before !== buffer) return false;
        cutterStuck = !paper.cut();
        return !cutterStuck;
      }
      case "paperStatus": {
        const state = paper.paper();
        void say(state === "out" ? 0x0f : state === "nearEnd" ? 0x03 : 0x00);
        return true;
      }
      case "processId":
        if (profile === "tm") void say(0x37, 0x22, ...Buffer.from(step.word, "latin1"), 0x00);
        return true;
      default:
        return true;
    }
  }

  line.onBytes((chunk) => {
    if (stopped.signal.aborted || !world.attached(device)) return;
    receive(chunk);
    void work();
  });
  const stopListening = world.onChange((what) => {
    if (what === device) void work();
  });

  return {
    powerCycle() {
      life += 1;
      arrived = [];
      working = false;
      clear();
    },
    waiting() {
      const reader = new Interpreter(options.encoding);
      let rest = buffer;
      let count = 0;
      for (let found = reader.next(rest); found; found = reader.next(rest)) {
        if (found.step?.do === "line" || found.step?.do === "qr") count += 1;
        rest = rest.slice(found.used);
      }
      return count;
    },
    async stop() {
      stopListening();
      stopped.abort();
    },
  };
}
