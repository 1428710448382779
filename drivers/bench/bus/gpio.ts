import { type BusConnection, systemError } from "./connection.ts";

type Level = 0 | 1;
type Callback<T> = (error: Error | null | undefined, value: T) => void;
type Edge = "none" | "rising" | "falling" | "both";

/** A class that looks like `onoff`'s Gpio and acts on the bench. Numbers are kernel numbers, base included. */
export function gpioClass(bus: BusConnection) {
  return class Gpio {
    static readonly HIGH = 1;
    static readonly LOW = 0;
    static readonly accessible = true;

    readonly #line: number;
    readonly #debounceMs: number;
    #direction: "in" | "out";
    #edge: Edge;
    #activeLow: boolean;
    #listeners: Callback<Level>[] = [];
    #timer: NodeJS.Timeout | undefined;
    readonly #stopEdges: () => void;

    constructor(
      line: number,
      direction: "in" | "out" | "high" | "low",
      edge?: Edge | { debounceTimeout?: number; activeLow?: boolean },
      options: { debounceTimeout?: number; activeLow?: boolean } = {},
    ) {
      const settings = typeof edge === "object" ? edge : options;
      if (!bus.chips.some(({ base, ngpio }) => line >= base && line < base + ngpio)) {
        throw systemError("EINVAL", "export of a number that no chip has");
      }
      this.#line = line;
      this.#edge = typeof edge === "string" ? edge : "none";
      this.#debounceMs = settings.debounceTimeout ?? 0;
      this.#activeLow = settings.activeLow ?? false;
      this.#direction = direction === "in" ? "in" : "out";
      if (direction !== "in") this.#drive(direction === "high" ? 1 : 0).catch(() => undefined);
      this.#stopEdges = bus.onEdge((which, level) => {
        if (which === line) this.#onEdge(level);
      });
    }

    read(): Promise<Level>;
    read(callback: Callback<Level>): void;
    read(callback?: Callback<Level>): Promise<Level> | undefined {
      const value = bus.call({ op: "level", line: this.#line }).then(({ level }) => this.#seen(level ?? 0));
      return settle(value, callback);
    }

    /** From what the bench last said. */
    readSync(): Level {
      return this.#seen(bus.level(this.#line));
    }

    write(value: Level): Promise<void>;
    write(value: Level, callback: Callback<void>): void;
    write(value: Level, callback?: Callback<void>): Promise<void> | undefined {
      const written =
        this.#direction === "out"
          ? this.#drive(this.#seen(value))
          : Promise.reject(systemError("EPERM", "write to an input"));
      return settle(written, callback);
    }

    writeSync(value: Level): void {
      this.#drive(this.#seen(value)).catch(() => undefined);
    }

    watch(callback: Callback<Level>): void {
      this.#listeners.push(callback);
    }

    unwatch(callback?: Callback<Level>): void {
      this.#listeners = callback ? this.#listeners.filter((listener) => listener !== callback) : [];
    }

    unwatchAll(): void {
      this.#listeners = [];
    }

    direction(): "in" | "out" {
      return this.#direction;
    }

    setDirection(direction: "in" | "out" | "high" | "low"): void {
      this.#direction = direction === "in" ? "in" : "out";
      if (direction === "high" || direction === "low") {
        this.#drive(direction === "high" ? 1 : 0).catch(() => undefined);
      }
    }

    edge(): Edge {
      return this.#edge;
    }

    setEdge(edge: Edge): void {
      this.#edge = edge;
    }

    activeLow(): boolean {
      return this.#activeLow;
    }

    setActiveLow(invert: boolean): void {
      this.#activeLow = invert;
    }

    /** The line keeps its level, as on a real kernel. */
    unexport(): void {
      this.unwatchAll();
      clearTimeout(this.#timer);
      this.#stopEdges();
    }

    /** Between what the program says and what the line has, either way. */
    #seen(level: Level): Level {
      return (this.#activeLow ? 1 - level : level) as Level;
    }

    async #drive(level: Level): Promise<void> {
      await bus.call({ op: "drive", line: this.#line, level });
    }

    #onEdge(level: Level): void {
      if (this.#listeners.length === 0) return;
      if (this.#debounceMs === 0) return this.#tell(this.#seen(level));
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#tell(this.readSync()), this.#debounceMs);
    }

    #tell(value: Level): void {
      const wanted = this.#edge === "both" || this.#edge === (value ? "rising" : "falling");
      if (wanted) for (const listener of [...this.#listeners]) listener(null, value);
    }
  };
}

/** A promise without a callback, otherwise the callback, as onoff has it. */
function settle<T>(value: Promise<T>, callback?: Callback<T>): Promise<T> | undefined {
  if (!callback) return value;
  value.then(
    (result) => callback(null, result),
    (error: Error) => callback(error, undefined as T),
  );
  return undefined;
}
