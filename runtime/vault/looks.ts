import type { Clock } from "../../drivers/kit/index.ts";

const SECOND_LOOK_MS = 250;

/**
 * Two looks at a thing, a quarter of a second apart. Where somebody's hand came in between, a third one takes the place of the
 * first: one change has a cause, and a sensor that changes at each look has not.
 */
export async function twoLooks<T>(
  clock: Clock,
  look: () => Promise<T | undefined>,
  same: (one: T, other: T) => boolean,
): Promise<[T | undefined, T | undefined]> {
  const first = await look();
  await clock.sleep(SECOND_LOOK_MS);
  const second = await look();
  if (!first || !second || same(first, second)) return [first, second];
  await clock.sleep(SECOND_LOOK_MS);
  return [second, await look()];
}

/**
 * Two looks at a device that may have fallen silent, as often as it comes back and is lost again.
 * @param comesBack resolves when it is ready again, or its time is over; what it waits for ends with the signal
 */
export async function looksWhenReady<T>(
  look: () => Promise<[T | undefined, T | undefined]>,
  comesBack: (over: AbortSignal) => Promise<void>,
  isOver: () => boolean,
  stopping?: AbortSignal,
): Promise<[T | undefined, T | undefined]> {
  for (;;) {
    const looks = await look();
    if ((looks[0] && looks[1]) || stopping?.aborted || isOver()) return looks;
    const timer = new AbortController();
    await comesBack(AbortSignal.any([timer.signal, ...(stopping ? [stopping] : [])]));
    timer.abort();
  }
}
