import { type BenchConfig, devicesOf } from "../config.ts";
import type { PrinterWorld } from "../world.ts";
import { Impossible } from "./locker.ts";
import type { PaperView } from "./state.ts";

type Say = (about: string, what: string, more?: Record<string, unknown>) => number;

const FULL_ROLL = 2_000;
/** Below this the lever of the near-end sensor falls. */
const NEAR_END = 120;
/** Tickets that the judge remembers: of fictitious people, and only while the bench runs. */
const KEPT = 50;

/** Every receipt printer: a roll, a cover, a cutter, and what came out. The plant counts the tickets itself. */
export class Papers {
  readonly #views = new Map<string, PaperView>();
  readonly #say: Say;

  constructor(config: BenchConfig, say: Say) {
    this.#say = say;
    for (const { role } of devicesOf(config, "printer.escpos")) {
      this.#views.set(role, {
        device: role,
        left: FULL_ROLL,
        cover: "closed",
        cutter: "ok",
        hanging: [],
        tickets: [],
        printed: 0,
      });
    }
  }

  /** What the simulator of this printer feels and moves. */
  world(device: string): PrinterWorld {
    const it = this.#view(device);
    return {
      paper: () => (it.left === 0 ? "out" : it.left < NEAR_END ? "nearEnd" : "enough"),
      cover: () => it.cover,
      line: (text) => {
        if (it.left === 0 || it.cover === "open") return false;
        it.left--;
        if (text !== "") it.hanging.push(text);
        if (it.left === 0) this.#say(device, "the paper ends");
        return true;
      },
      cut: () => {
        if (it.cutter === "stuck") return false;
        if (it.hanging.length === 0) return true;
        it.printed++;
        it.tickets = [...it.tickets, it.hanging].slice(-KEPT);
        it.hanging = [];
        this.#say(device, "a ticket is cut off", { printed: it.printed });
        return true;
      },
    };
  }

  views = (): PaperView[] => structuredClone([...this.#views.values()]);

  /** Staff put in a roll with so many lines, or a hand takes it out: 0. */
  setPaper(device: string, lines = FULL_ROLL): void {
    this.#view(device).left = lines;
    this.#say(device, "paper", { lines });
  }

  setCover(device: string, cover: PaperView["cover"]): void {
    this.#view(device).cover = cover;
    this.#say(device, `cover ${cover}`);
  }

  setCutter(device: string, cutter: PaperView["cutter"]): void {
    this.#view(device).cutter = cutter;
    this.#say(device, `cutter ${cutter}`);
  }

  #view(device: string): PaperView {
    const it = this.#views.get(device);
    if (!it) throw new Impossible("noSuchPrinter");
    return it;
  }
}
