import type { EXCHANGE_PHASES } from "../../../ipc/index.ts";
import type { StepContext } from "../context.ts";

export const endExchange = (context: StepContext, exchange: string) =>
  context.office.devices.vault("exchange.end", { exchange });

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
