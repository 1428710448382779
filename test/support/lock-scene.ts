import type { LockState, MotionToken } from "../../drivers/contract/index.ts";
import { type Clock, ok, type Result } from "../../drivers/kit/index.ts";
import type { Ledger } from "../../runtime/vault/ledger.ts";
import type { Locks } from "../../runtime/vault/locks.ts";
import type { MotionContext } from "../../runtime/vault/motion.ts";
import type { TestContext } from "../kit.ts";
import { BOARD, ledgerRig } from "./ledger-rig.ts";

type Seen = Pick<LockState, "latch" | "item">;

/** Such as `locked present`; undefined of a board that is silent. */
export const seen = (text: string | undefined): Seen | undefined => {
  const [latch, item] = (text ?? "").split(" ") as [Seen["latch"], Seen["item"]];
  return text === undefined ? undefined : { latch, item };
};

export interface LockScene {
  rig: Awaited<ReturnType<typeof ledgerRig>>;
  clock: Clock;
  /** Everything that was done, in its order. */
  trace: string[];
  /** The same without what was looked at. */
  deeds(): string[];
  locks: Locks;
  ledger: Ledger;
  stopping: AbortController;
  /** What a slot shows at a monotonic time, ms. */
  shows: (at: number, slot: string) => string | undefined;
  onUnlock: (token: MotionToken) => Result<void> | Promise<Result<void>>;
  /** Called whenever time has passed. */
  onTime: (at: number) => void;
  /** Whether a token that is retired was never shown to its driver. */
  untouched: boolean;
  pass(ms: number): void;
  context: MotionContext;
  phase(phase: string): void;
}

/**
 * A real ledger over doors that are told what to show, in a time that passes only where somebody waits: what is done comes
 * into `trace` in its order.
 */
export async function lockScene(
  t: Pick<TestContext, "after">,
  options: Parameters<typeof ledgerRig>[1] = {},
): Promise<LockScene> {
  const rig = await ledgerRig(t, options);
  const trace: string[] = [];
  const stopping = new AbortController();
  let mono = 0;
  const clock: Clock = {
    wall: rig.clock.wall,
    mono: () => mono,
    sleep: async (ms, signal) => {
      if (!signal?.aborted) mono += ms;
      scene.onTime(mono);
    },
  };
  const locks = {
    has: (slot: string) => BOARD.some((place) => place.slot === slot),
    place: (slot: string) => ({ slot, lock: "lock.main", compartment: Number(slot) - 1 }),
    look: async (slot: string) => {
      trace.push(`look ${slot}`);
      return seen(scene.shows(mono, slot));
    },
    lookTwice: async (slot: string) => {
      trace.push(`look twice ${slot}`);
      const one = seen(scene.shows(mono, slot));
      mono += 250;
      scene.onTime(mono);
      return [one, seen(scene.shows(mono, slot))];
    },
    lookTwiceWhenReady: (slot: string, _signal?: AbortSignal) => locks.lookTwice(slot),
    unlock: async (slot: string, token: MotionToken, purpose: string): Promise<Result<void>> => {
      trace.push(`unlock ${slot} ${token.effect} ${token.device}/${token.compartment} ${purpose}`);
      return scene.onUnlock(token);
    },
  };
  /** What is written down comes into the trace once it is. */
  const WRITES: readonly (keyof Ledger)[] = [
    "intent",
    "issue",
    "latchSeen",
    "finish",
    "lockOut",
    "staffCame",
    "settleLate",
  ];
  const ledger = new Proxy(rig.ledger, {
    get(target, key) {
      const value = target[key as keyof Ledger];
      if (typeof value !== "function") return value;
      const bound = (value as (...args: unknown[]) => unknown).bind(target);
      if (!WRITES.includes(key as keyof Ledger)) return bound;
      return async (...args: unknown[]) => {
        const value = await bound(...args);
        const outcome = key === "finish" || key === "settleLate" ? ` ${args[1]}` : "";
        trace.push(`ledger.${String(key)}${outcome}`);
        return value;
      };
    },
  });
  const scene: LockScene = {
    rig,
    clock,
    trace,
    deeds: () => trace.filter((line) => !line.startsWith("look")),
    locks: locks as unknown as Locks,
    ledger,
    stopping,
    shows: () => "locked present",
    onUnlock: () => ok(undefined),
    onTime: () => undefined,
    untouched: false,
    pass: (ms) => {
      mono += ms;
    },
    context: {
      ledger,
      locks: locks as unknown as Locks,
      dispensers: undefined as never,
      clock,
      step: (name) => void trace.push(`step ${name}`),
      stopping: stopping.signal,
      retire: () => {
        trace.push("retire");
        return scene.untouched;
      },
    },
    phase: (phase) => void trace.push(`phase ${phase}`),
  };
  return scene;
}
