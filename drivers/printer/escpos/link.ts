import { deviceFault, type PrinterState } from "../../contract/index.ts";
import { type Clock, defer, type Fault, Mutex } from "../../kit/index.ts";
import type { SerialConnection } from "../../ports/index.ts";
import { STATUS, statusRequest } from "./commands.ts";
import { EscposParser, type Said } from "./parser.ts";
import { stateOf } from "./state.ts";

/** How long the printer may take for an answer that needs no printing, ms. */
const ANSWER_MS = 250;
/** Silence after the last answer, in which one more would show that they are not those of these questions, ms. */
const QUIET_MS = 30;
/** After an answer that did not come it may come late: that long nothing is asked, ms. */
const LATE_MS = 250;

/** One line to one printer: one question at a time, answers told apart by their form. */
export class EscposLink {
  readonly #connection: SerialConnection;
  readonly #clock: Clock;
  readonly #parser = new EscposParser();
  readonly #mutex = new Mutex();
  readonly #listeners = new Set<(said: Said) => void>();
  #quietUntil = 0;
  readonly lost: Promise<Fault>;

  constructor(connection: SerialConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.lost = connection.closed.then(() => deviceFault("absent"));
    connection.onData((chunk) => {
      for (const said of this.#parser.push(chunk)) this.#tell(said);
    });
  }

  /** How the printer is now. Rejects with `device.noReply`, or `device.protocol` when its answers contradict each other. */
  async state(): Promise<PrinterState> {
    return (
      (await this.#ask()) ??
      (await this.#ask()) ??
      Promise.reject(deviceFault("protocol", { reason: "contradiction" }))
    );
  }

  /** Hands bytes to the line. Rejects when the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#connection.write(bytes);
  }

  /** Everything that the printer says from now on. Returns the way to stop. */
  listen(listener: (said: Said) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #ask(): Promise<PrinterState | undefined> {
    return this.#mutex.run(async () => {
      await this.#settle();
      const bytes: number[] = [];
      let next = defer<void>();
      const stop = this.listen((said) => {
        if (said.kind !== "status") return;
        bytes.push(said.byte);
        next.resolve();
      });
      try {
        for (const which of Object.values(STATUS)) {
          const answered = bytes.length;
          await this.#connection.write(statusRequest(which));
          if (bytes.length === answered) await this.#within(next.promise, ANSWER_MS);
          if (bytes.length === answered) {
            this.#quietUntil = this.#clock.mono() + LATE_MS;
            throw deviceFault("noReply");
          }
          next = defer<void>();
        }
        await this.#clock.sleep(QUIET_MS);
        const [a, b, c, d, more] = bytes;
        if (a === undefined || b === undefined || c === undefined || d === undefined || more !== undefined)
          return undefined;
        return stateOf([a, b, c, d]);
      } finally {
        stop();
      }
    });
  }

  #tell(said: Said): void {
    for (const listener of [...this.#listeners]) listener(said);
  }

  async #within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    const timer = new AbortController();
    const late = this.#clock.sleep(ms, timer.signal).then(() => undefined);
    const gone = this.lost.then((fault) => Promise.reject(fault));
    try {
      return await Promise.race([promise, late, gone]);
    } finally {
      timer.abort();
      gone.catch(() => undefined);
    }
  }

  async #settle(): Promise<void> {
    const wait = this.#quietUntil - this.#clock.mono();
    if (wait > 0) await this.#clock.sleep(wait);
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }
}
