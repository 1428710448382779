import { defer } from "../../../../drivers/kit/index.ts";
import type { EXCHANGE_PHASES } from "../../../ipc/index.ts";
import type { StepContext } from "../context.ts";
import { log } from "../events.ts";

/** Longest that an exchange's end waits for its last motion, ms: the vault ends an open door itself before. */
const MOTION_MS = 150_000;

/** Ends an exchange. When the vault refuses because something still moves, it is asked again as soon as nothing does. */
export async function endExchange(context: StepContext, exchange: string) {
  const { devices } = context.office;
  const end = () => devices.vault("exchange.end", { exchange });
  const timer = new AbortController();
  // Heard from before the question, so that a motion that ends right after the refusal is not missed.
  const still = defer<void>();
  const offs = [
    devices.onVault("exchange", ({ phase }) => phase === "unlocked" || phase === "opened" || still.resolve()),
    devices.events.on("gone", (side) => side === "vault" && still.resolve()),
  ];
  try {
    const ended = await end();
    if (!ended.ok && ended.error.code !== "vault.noExchange") log("exchangeHeld", { exchange }, ended.error);
    if (ended.ok || ended.error.code !== "vault.slotBusy") return ended;
    await Promise.race([still.promise, context.sleep(MOTION_MS, timer.signal)]);
    return await end();
  } finally {
    timer.abort();
    for (const off of offs) off();
  }
}

type Phase = (typeof EXCHANGE_PHASES)[number];
export type StaffEnd = Exclude<Phase, "unlocked" | "opened">;

export interface StaffMotions {
  /** How a motion ended; `onOpened` once when its door was seen open. */
  of(effect: string, onOpened?: () => void): Promise<StaffEnd>;
  stop(): void;
}

/**
 * Hears what becomes of the motions of an exchange, from before they are asked for, so that a quick one is not missed. A
 * vault that is gone: unknown.
 */
export function staffMotions(context: StepContext): StaffMotions {
  const { devices } = context.office;
  const opened = new Set<string>();
  const ended = new Map<string, StaffEnd>();
  let gone = false;
  let wake: () => void = () => undefined;
  const offs = [
    devices.onVault("exchange", ({ effect, phase }) => {
      if (phase === "unlocked") return;
      if (phase === "opened") opened.add(effect);
      else ended.set(effect, phase);
      wake();
    }),
    devices.events.on("gone", (side) => {
      if (side !== "vault") return;
      gone = true;
      wake();
    }),
  ];
  return {
    stop: () => {
      for (const off of offs) off();
    },
    of: async (effect, onOpened) => {
      for (;;) {
        const phase = ended.get(effect) ?? (gone ? "unknown" : undefined);
        if (phase) return phase;
        if (opened.delete(effect)) onOpened?.();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
