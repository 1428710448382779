import { deviceFault } from "../../contract/index.ts";
import { type Clock, defer, type Fault, Mutex } from "../../kit/index.ts";
import type { SerialConnection, SerialFactory } from "../../ports/index.ts";
import { REQUEST_LENGTH, STATUS_LENGTH, type StatusFrame, statusRequest, unlockRequest } from "./frame.ts";
import { KerongParser } from "./parser.ts";

/** How long a board may take to answer, beside the time on the wire, ms. */
const ANSWER_MS = 120;
/** After an unlock, which some boards answer, and after a missing answer, which may be late: what still comes is let pass, ms. */
const SETTLE_MS = ANSWER_MS;
/** So many single answers make up for a double one, which a disturbed line can make of one board's too. */
const TRUSTED_AFTER = 3;
/** Rest of the coils' supply between two pulses, ms. */
const COIL_REST_MS = 100;
/** Silence after an answer, in which a second board with the same address would be heard, ms. */
const SECOND_ANSWER_MS = 15;

/**
 * One RS-485 bus: one connection, one transaction at a time, shared by all boards on it. The first board opens it, the
 * last one closes it; after a loss everyone opens a new one.
 */
export class KerongBus {
  readonly #connection: SerialConnection;
  readonly #clock: Clock;
  readonly #wireMs: number;
  readonly #parser = new KerongParser();
  readonly #mutex = new Mutex();
  /** One coil at a time on one supply; statuses go between. */
  readonly #coils = new Mutex();
  #coilUntil = Number.NEGATIVE_INFINITY;
  /** Addresses to which two boards have answered, and how many single answers must come before anything of them moves. */
  readonly #doubled = new Map<number, number>();
  /** Before this (monotonic ms) nothing is asked, so that a stray answer is not taken for the next one. */
  #quietUntil = 0;
  #onStatus: ((frame: StatusFrame) => void) | undefined;
  /** Bytes without a meaning since the last question. */
  #junk = 0;
  #echoes = false;
  readonly lost: Promise<Fault>;

  constructor(connection: SerialConnection, clock: Clock, baudRate: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#wireMs = ((REQUEST_LENGTH + STATUS_LENGTH) * 10_000) / baudRate;
    this.lost = connection.closed.then(() => deviceFault("absent"));
    connection.onData((chunk) => {
      const { statuses, requests, junk } = this.#parser.push(chunk);
      this.#junk += junk;
      if (requests > 0) this.#echoes = true;
      for (const frame of statuses) this.#onStatus?.(frame);
    });
  }

  /** Whether what is sent comes back, as it does from some two-wire adapters. It is told from answers. */
  get echoes(): boolean {
    return this.#echoes;
  }

  /**
   * Asks one board for its state. Rejects with `device.noReply`; with `device.misbound` when two boards answer to one
   * address one after the other; with `device.protocol` when something answers that nobody can read, as two boards do
   * that talk at once.
   */
  status(board: number): Promise<StatusFrame> {
    return this.#mutex.run(async () => {
      await this.#settle();
      const first = defer<StatusFrame>();
      let answers = 0;
      this.#onStatus = (frame) => {
        if (frame.board !== board) return;
        answers++;
        first.resolve(frame);
      };
      try {
        await this.#connection.write(statusRequest(board));
        const timer = new AbortController();
        const late = this.#clock.sleep(ANSWER_MS + this.#wireMs, timer.signal).then(() => undefined);
        const frame = await Promise.race([first.promise, late]);
        timer.abort();
        if (!frame) {
          this.#quietUntil = this.#clock.mono() + SETTLE_MS;
          // What has begun and did not end is no more of an answer than what is wrong.
          const heard = this.#junk + this.#parser.reset();
          if (heard >= REQUEST_LENGTH) throw deviceFault("protocol", { board, reason: "garbled" });
          throw deviceFault("noReply", { board });
        }
        await this.#clock.sleep(SECOND_ANSWER_MS);
        if (answers > 1) {
          this.#doubled.set(board, TRUSTED_AFTER);
          throw deviceFault("misbound", { board, reason: "twoBoards" });
        }
        const missing = this.#doubled.get(board) ?? 0;
        if (missing > 1) this.#doubled.set(board, missing - 1);
        else this.#doubled.delete(board);
        return frame;
      } finally {
        this.#onStatus = undefined;
      }
    });
  }

  /**
   * Sends one unlock and waits for nothing: boards differ in whether they answer. `redeem` runs right before the byte. The
   * pulse before must have ended: boards on one bus mostly share a supply, which is made for one coil.
   */
  unlock(board: number, lock: number, pulseMs: number, redeem: () => void): Promise<void> {
    return this.#coils.run(async () => {
      const wait = this.#coilUntil - this.#clock.mono();
      if (wait > 0) await this.#clock.sleep(wait);
      await this.#mutex.run(async () => {
        await this.#settle();
        if (this.#doubled.has(board)) throw deviceFault("misbound", { board, reason: "twoBoards" });
        redeem();
        try {
          await this.#connection.write(unlockRequest(board, lock));
        } finally {
          const now = this.#clock.mono();
          this.#quietUntil = now + SETTLE_MS;
          this.#coilUntil = now + pulseMs + COIL_REST_MS;
        }
      });
    });
  }

  async #settle(): Promise<void> {
    const wait = this.#quietUntil - this.#clock.mono();
    if (wait > 0) await this.#clock.sleep(wait);
    this.#parser.reset();
    this.#junk = 0;
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#mutex.stop(deviceFault("absent"));
  }
}

/** The buses of a process by the path of their line, so that boards on one line share it. */
export class KerongBuses {
  readonly #open = new Map<string, { bus: Promise<KerongBus>; users: number }>();
  readonly #serial: SerialFactory;
  readonly #clock: Clock;

  constructor(serial: SerialFactory, clock: Clock) {
    this.#serial = serial;
    this.#clock = clock;
  }

  async acquire(path: string, baudRate: number): Promise<{ bus: KerongBus; release(): Promise<void> }> {
    let entry = this.#open.get(path);
    if (!entry) {
      const bus = this.#serial({ path, baudRate }).then(
        (connection) => new KerongBus(connection, this.#clock, baudRate),
      );
      entry = { bus, users: 0 };
      this.#open.set(path, entry);
      const own = entry;
      const forget = () => {
        if (this.#open.get(path) === own) this.#open.delete(path);
      };
      bus.then((opened) => opened.lost.then(forget), forget);
    }
    const own = entry;
    own.users++;
    const bus = await own.bus;
    let released = false;
    return {
      bus,
      release: async () => {
        if (released) return;
        released = true;
        own.users--;
        if (own.users > 0) return;
        if (this.#open.get(path) === own) this.#open.delete(path);
        await bus.close();
      },
    };
  }
}
