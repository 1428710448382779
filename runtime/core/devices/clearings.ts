import type { Clock } from "../../../drivers/kit/index.ts";
import type { Store } from "../../../drivers/store/index.ts";
import { note } from "../store/index.ts";
import type { Devices } from "./index.ts";

/** Writes into the unit's journal what the senses have removed from fingerprint modules. Returns the way to stop. */
export function journalClearings(devices: Devices, store: Store, clock: Clock): () => void {
  const take = async () => {
    const taken = await devices.senses("cleared.take", {});
    if (!taken.ok) return;
    for (const { role, at, why, templates, buffers } of taken.value.body.cleared)
      await note(store, clock, "finger.cleared", { role, clearedAt: at, why, templates, buffers });
  };
  // A store that cannot write takes the unit out of service by itself.
  const quietly = () => void take().catch(() => undefined);
  const stops = [
    devices.onSenses("cleared", quietly),
    devices.events.on("connected", (side) => side === "senses" && quietly()),
  ];
  if (devices.connected("senses")) quietly();
  return () => {
    for (const stop of stops) stop();
  };
}
