import { type Clock, systemClock } from "../../kit/index.ts";
import type { BenchDeviceOf } from "../config.ts";
import type { WireLine } from "../line.ts";
import type { Simulator, World } from "../world.ts";
import {
  BROADCAST,
  bits,
  DELAYED_UNLOCK,
  PULSE,
  type Request,
  RequestReader,
  reply,
  STATUS_ALL,
  STATUS_ONE,
  UNLOCK_ALL,
  UNLOCK_ONE,
} from "./codec.ts";

/** What a line or a board can do wrong with its answers. */
export const LOCK_FAULTS = [
  "ok",
  "noReply",
  "late",
  "duplicate",
  "badSum",
  "junk",
  "echo",
  "wrongAddress",
  "split",
] as const;
export type LockFault = (typeof LOCK_FAULTS)[number];

export type LockBoard = Omit<BenchDeviceOf<"lock.kerong">, "driver" | "port">;

export interface LockBoards extends Simulator {
  /** @param count answers that are affected; without it until set to ok */
  setFault(fault: LockFault, count?: number): void;
  /** Whole requests that reached a board: for tests that nothing was sent. */
  readonly requests: readonly Request[];
}

const REACTION_MS = 8;
const LATE_MS = 700;
const JUNK = Uint8Array.from([0x55, 0x00, 0xff, 0x02]);

/** Kerong CU boards on one RS-485 line. Unlock commands are not answered, as on most of these boards. */
export function startLockBoards(
  line: WireLine,
  boards: readonly LockBoard[],
  world: World,
  clock: Clock = systemClock,
): LockBoards {
  const reader = new RequestReader();
  const stopped = new AbortController();
  const pulses = new Map(boards.map(({ role, pulseMs }) => [role, pulseMs]));
  const requests: Request[] = [];
  let fault: LockFault = "ok";
  let left = Number.POSITIVE_INFINITY;

  function takeFault(): LockFault {
    const now = fault;
    if (now !== "ok") {
      left -= 1;
      if (left <= 0) fault = "ok";
    }
    return now;
  }

  async function send(bytes: Uint8Array, afterMs: number): Promise<void> {
    await clock.sleep(afterMs, stopped.signal);
    if (!stopped.signal.aborted) line.send(bytes);
  }

  async function answer(bytes: Uint8Array): Promise<void> {
    const how = takeFault();
    const bad = Uint8Array.from(bytes);
    if (how === "badSum") bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 0x01;
    if (how === "wrongAddress") {
      bad[1] = ((bad[1] ?? 0) + 0x10) & 0xff;
      bad[bad.length - 1] = ((bad[bad.length - 1] ?? 0) + 0x10) & 0xff;
    }
    switch (how) {
      case "noReply":
        return;
      case "late":
        return send(bytes, LATE_MS);
      case "duplicate":
        await send(bytes, REACTION_MS);
        return send(bytes, 0);
      case "junk":
        return send(Buffer.concat([JUNK, bytes]), REACTION_MS);
      case "split":
        await send(bytes.subarray(0, 4), REACTION_MS);
        return send(bytes.subarray(4), REACTION_MS);
      default:
        return send(bad, REACTION_MS);
    }
  }

  function status(board: LockBoard): Uint8Array {
    const latches: (0 | 1)[] = [];
    const items: (0 | 1)[] = [];
    for (let i = 0; i < 16; i += 1) {
      // Inputs without a lock are open contacts: they read like an open lock.
      const locked = i < board.compartments && world.latch(board.role, i) === "locked";
      latches.push((locked ? board.lockedBit : 1 - board.lockedBit) as 0 | 1);
      const sensed = i < board.compartments && world.itemSensed(board.role, i);
      const { itemBit } = board;
      items.push(itemBit === undefined ? 0 : ((sensed ? itemBit : 1 - itemBit) as 0 | 1));
    }
    return reply(board.board, 0x35, [...bits(latches), ...bits(items)]);
  }

  function unlock(board: LockBoard, lock: number): void {
    if (lock < board.compartments) world.energise(board.role, lock, pulses.get(board.role) ?? 0);
  }

  async function serve(request: Request): Promise<void> {
    for (const board of boards) {
      const broadcast =
        request.board === BROADCAST || (request.command === STATUS_ALL && request.board === 0);
      if ((request.board !== board.board && !broadcast) || !world.attached(board.role)) continue;
      switch (request.command) {
        case STATUS_ONE:
        case STATUS_ALL:
          await answer(status(board));
          break;
        case UNLOCK_ONE:
          unlock(board, request.lock);
          break;
        case UNLOCK_ALL:
          for (let lock = 0; lock < board.compartments; lock += 1) unlock(board, lock);
          break;
        case DELAYED_UNLOCK:
          await clock.sleep((request.data[0] ?? 0) * 1_000, stopped.signal);
          if (!stopped.signal.aborted) unlock(board, request.lock);
          break;
        case PULSE: {
          const [high, low] = request.data;
          if (high !== undefined && low !== undefined) pulses.set(board.role, (high * 256 + low) * 10);
          const units = Math.round((pulses.get(board.role) ?? 0) / 10);
          await answer(reply(board.board, 0x38, [units >> 8, units & 0xff]));
          break;
        }
        default:
      }
    }
  }

  line.onBytes((chunk) => {
    if (stopped.signal.aborted || !boards.some(({ role }) => world.attached(role))) return;
    if (fault === "echo") {
      takeFault();
      line.send(chunk);
    }
    for (const request of reader.push(chunk)) {
      requests.push(request);
      void serve(request);
    }
  });

  return {
    requests,
    setFault(next, count = Number.POSITIVE_INFINITY) {
      fault = next;
      left = count;
    },
    async stop() {
      stopped.abort();
    },
  };
}
