import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, rmSync, symlinkSync } from "node:fs";
import type { Socket } from "node:net";
import { dirname } from "node:path";
import nodePty from "node-pty";

/** A simulator's end of a serial cable: bytes in, bytes out, nothing else. */
export interface WireLine {
  /** Bytes that the driver sent. At most one listener; what arrives before it is set is dropped. */
  onBytes(listener: (chunk: Uint8Array) => void): void;
  /** Bytes to the driver; dropped while the cable is out. */
  send(bytes: Uint8Array): void;
}

/** The part of node-pty that makes a pair without starting a program; its typings leave it out. */
interface Pair {
  readonly master: Socket;
  readonly slave: Socket;
  readonly ptsName: string;
}
const { open: openPair } = nodePty as unknown as { open(options: { encoding: null }): Pair };

interface Plugged {
  pair: Pair;
  /** Our own descriptor of the driver's end: without it the pair ends as soon as the driver closes once. */
  held: number;
}

/**
 * A serial line as a pseudo-terminal behind a symlink that stays the same. `unplug` destroys the pair, so that the
 * driver's port closes as it does when a USB adapter is pulled; `replug` makes a new one under the same link.
 */
export class PtyLine implements WireLine {
  /** What a driver opens. */
  readonly path: string;
  #plugged: Plugged | undefined;
  #listener: ((chunk: Uint8Array) => void) | undefined;

  /** @param path symlink to make; its folder is made too */
  constructor(path: string) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.#plugged = this.#plug();
  }

  get plugged(): boolean {
    return this.#plugged !== undefined;
  }

  /** The `/dev/pts/N` behind the link, undefined while unplugged. */
  get device(): string | undefined {
    return this.#plugged?.pair.ptsName;
  }

  onBytes(listener: (chunk: Uint8Array) => void): void {
    this.#listener = listener;
  }

  send(bytes: Uint8Array): void {
    this.#plugged?.pair.master.write(bytes);
  }

  unplug(): void {
    const was = this.#plugged;
    if (!was) return;
    this.#plugged = undefined;
    rmSync(this.path, { force: true });
    // Not node-pty's own destroy(): it signals process -1, everybody, for a pair that has no program.
    was.pair.master.destroy();
    closeSync(was.held);
  }

  /** @param options.elsewhere give it another device number than before, as a kernel may */
  replug(options: { elsewhere?: boolean } = {}): void {
    if (this.#plugged) return;
    const blocker = options.elsewhere ? makePair() : undefined;
    this.#plugged = this.#plug();
    if (!blocker) return;
    blocker.pair.master.destroy();
    closeSync(blocker.held);
  }

  close(): void {
    this.unplug();
  }

  #plug(): Plugged {
    const made = makePair();
    made.pair.master.on("data", (chunk: Buffer) => this.#listener?.(chunk));
    rmSync(this.path, { force: true });
    symlinkSync(made.pair.ptsName, this.path);
    return made;
  }
}

function makePair(): Plugged {
  const pair = openPair({ encoding: null });
  const held = openSync(pair.ptsName, constants.O_RDWR | constants.O_NOCTTY);
  // node-pty reads the driver's end itself and would eat half of the bytes.
  pair.slave.destroy();
  // Raw before the first byte: otherwise the line discipline echoes and translates.
  execFileSync("stty", ["-F", pair.ptsName, "raw", "-echo"]);
  pair.master.on("error", () => undefined);
  return { pair, held };
}

/** Two ends of a cable in memory: for tests of a simulator without a pseudo-terminal. */
export function cable(): { simulator: WireLine; driver: WireLine } {
  const listeners: { a?: (chunk: Uint8Array) => void; b?: (chunk: Uint8Array) => void } = {};
  return {
    simulator: {
      onBytes: (listener) => {
        listeners.a = listener;
      },
      send: (bytes) => queueMicrotask(() => listeners.b?.(bytes)),
    },
    driver: {
      onBytes: (listener) => {
        listeners.b = listener;
      },
      send: (bytes) => queueMicrotask(() => listeners.a?.(bytes)),
    },
  };
}
