import type { PanelState, PlantEvent } from "../view.ts";

let toastTimer = 0;

/** Says in one line why something did not happen. */
export function toast(text: string): void {
  const place = document.getElementById("toast");
  if (!place) return;
  place.textContent = text;
  place.classList.add("on");
  clearTimeout(toastTimer);
  toastTimer = window.setTimeout(() => place.classList.remove("on"), 3_500);
}

const REASONS: Readonly<Record<string, string>> = {
  locked: "That door is locked. Only the unit can free its latch, or a crowbar.",
  doorClosed: "The door is closed.",
  occupied: "Something lies in there already.",
  empty: "Nothing lies in there.",
};

/** Does something on the plant; a refusal is shown. */
export async function act(path: string, body: object): Promise<void> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (!response) return toast("The bench is away.");
  if (response.ok) return;
  const { error } = (await response.json()) as { error?: string };
  toast(REASONS[error ?? ""] ?? `Not possible: ${error ?? response.status}`);
}

export async function readState(): Promise<PanelState> {
  return (await (await fetch("/state")).json()) as PanelState;
}

export function listen(onEvent: (event: PlantEvent) => void, onLink: (up: boolean) => void): void {
  const source = new EventSource("/events");
  source.onopen = () => onLink(true);
  source.onerror = () => onLink(false);
  source.onmessage = (message: MessageEvent<string>) => onEvent(JSON.parse(message.data) as PlantEvent);
}
