import type { Input, ScreenModel } from "../model.ts";

export interface LinkEvents {
  model(model: ScreenModel): void;
  /** Called when the core cannot be reached, and not again before a model has come. */
  lost(): void;
}

/** A short interruption is not shown. */
const PATIENCE_MS = 700;
const RETRY_MS = 1_500;
const INPUT_LIMIT_MS = 8_000;
/** So often the page shows that it still draws. */
const BEAT_MS = 5_000;

/** Listens to the core for ever: `/events` brings whole models. */
export function listen(events: LinkEvents): void {
  let source: EventSource | undefined;
  let lostTimer: number | undefined;
  let painted = false;
  const open = () => {
    source?.close();
    source = new EventSource("/events");
    source.addEventListener("message", (event: MessageEvent<string>) => {
      clearTimeout(lostTimer);
      lostTimer = undefined;
      events.model(JSON.parse(event.data) as ScreenModel);
      if (!painted) tellPainted();
      painted = true;
    });
    source.addEventListener("open", () => {
      painted = false;
    });
    source.addEventListener("error", () => {
      lostTimer ??= window.setTimeout(events.lost, PATIENCE_MS);
      // A refused stream (an answer other than 200) is closed by the browser and not tried again by itself.
      if (source?.readyState === EventSource.CLOSED) window.setTimeout(open, RETRY_MS);
    });
  };
  open();
  window.setInterval(() => painted && tellPainted(), BEAT_MS);
}

/** Tells the core that what it sent is on the panel: the frame after the next has it. A page that does not draw says nothing. */
function tellPainted(): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => void fetch("/painted", { method: "POST" }).catch(() => undefined)),
  );
}

/** Sends one input as an answer to model `seq`; false where it was refused or did not arrive. */
export async function post(seq: number, input: Input): Promise<boolean> {
  try {
    const answer = await fetch("/input", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ seq, input }),
      signal: AbortSignal.timeout(INPUT_LIMIT_MS),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
