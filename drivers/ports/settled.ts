import { deviceFault } from "../contract/index.ts";
import { type Clock, systemClock } from "../kit/index.ts";

/** So many changes in a row, each after a whole debounce time, are no contact that bounces but one that is loose. */
const MAX_CHANGES = 5;

/**
 * Reads a contact that may bounce: a level other than the last settled one counts when it still holds after `debounceMs`.
 * Rejects with `device.fault` when it never does.
 */
export function settledReader(
  read: () => Promise<0 | 1>,
  debounceMs: number,
  clock: Clock = systemClock,
): () => Promise<0 | 1> {
  let settled: 0 | 1 | undefined;
  return async () => {
    let level = await read();
    for (let changes = 0; level !== settled; changes++) {
      if (changes === MAX_CHANGES) throw deviceFault("fault", { reason: "looseContact" });
      await clock.sleep(debounceMs);
      const again = await read();
      if (again === level) settled = level;
      level = again;
    }
    return level;
  };
}
