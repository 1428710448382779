import type { DeviceHost } from "../../drivers/host/index.ts";
import { newId, type Result } from "../../drivers/kit/index.ts";

/** What a capture asks of a device. Times in ms. */
export interface Capturing {
  verb: string;
  deviceTimeMs: number;
  /** How long a person may take beside that; absent where none is waited for. */
  userTimeMs?: number;
}

/** Runs one capture as a command of the host, which is cancelled when `signal` aborts, also while it still waits. */
export async function captured<V, T>(
  host: DeviceHost<V>,
  capturing: Capturing,
  signal: AbortSignal,
  run: (verbs: V, signal: AbortSignal) => Promise<Result<T>>,
): Promise<Result<T>> {
  const id = newId();
  const accepted = host.submit({ id, kind: "capture", ...capturing }, (verbs, context) =>
    run(verbs, context.signal),
  );
  if (!accepted.ok) return accepted;
  const cancel = () => void host.cancel(id);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  const { result } = await accepted.value.completion;
  signal.removeEventListener("abort", cancel);
  return result;
}
