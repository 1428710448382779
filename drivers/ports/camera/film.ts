import { deviceFault } from "../../contract/index.ts";
import type { Clock, Fault } from "../../kit/index.ts";
import { Freshness } from "./freshness.ts";
import { MjpegParser } from "./mjpeg.ts";
import { startGroup } from "./process.ts";

export interface FilmOrder {
  /** The camera's role, for faults. */
  role: string;
  program: string;
  /** Made of the driver's own words and of numbers; what it writes to its standard output are JPEG pictures. */
  args: readonly string[];
  clock: Clock;
  /** So many pictures in a row with the same bytes are a frozen camera. */
  frozenFrames: number;
  /** Longest time until the first frame and between two, ms. */
  stallMs: number;
}

/**
 * Films as MJPEG until `signal` aborts (answers undefined) or the film ends by itself (answers why). The program and its
 * children are gone when it resolves, so that the camera is free for a still. When frames come faster than they are
 * taken, only the newest is handed over. Rejects with what `onFrame` threw.
 */
export async function film(
  order: FilmOrder,
  onFrame: (jpeg: Uint8Array) => void,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  if (signal.aborted) return undefined;
  const parser = new MjpegParser();
  const freshness = new Freshness(order.frozenFrames);
  const over = new AbortController();
  let trouble: { fault: Fault } | { thrown: unknown } | undefined;
  let newest: Uint8Array | undefined;
  let lastFrame = order.clock.mono();

  const end = (why?: typeof trouble) => {
    if (!signal.aborted) trouble ??= why;
    over.abort();
    group.kill();
  };
  const deliver = () => {
    const frame = newest;
    newest = undefined;
    if (!frame || over.signal.aborted || signal.aborted) return;
    try {
      onFrame(frame);
    } catch (thrown) {
      end({ thrown });
    }
  };
  const group = startGroup(order.program, order.args, {
    path: "/usr/bin:/bin",
    onData: (chunk) => {
      if (over.signal.aborted) return;
      for (const frame of parser.push(chunk)) {
        if (freshness.isFrozen(frame)) return end({ fault: deviceFault("frozen", { role: order.role }) });
        lastFrame = order.clock.mono();
        if (!newest) setImmediate(deliver);
        newest = frame;
      }
    },
  });
  const onAbort = () => end();
  signal.addEventListener("abort", onAbort, { once: true });
  void watchStall();
  const { exit } = await group.ended;
  signal.removeEventListener("abort", onAbort);
  over.abort();
  if (trouble && "thrown" in trouble) throw trouble.thrown;
  if (trouble) return trouble.fault;
  return signal.aborted ? undefined : deviceFault("fault", { role: order.role, exit: exit ?? "killed" });

  async function watchStall(): Promise<void> {
    for (;;) {
      const left = lastFrame + order.stallMs - order.clock.mono();
      if (left <= 0) return end({ fault: deviceFault("timeoutDevice", { role: order.role }) });
      await order.clock.sleep(left, over.signal);
      if (over.signal.aborted) return;
    }
  }
}
