/** Whether a key or a button of a pointer is down: what is drawn away between down and up loses the click. */
let held = false;
const down = (): void => {
  held = true;
};
const up = (): void => {
  held = false;
};
for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, down, true);
for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, up, true);
// Let go of where no page is told, on a scroll bar or outside the window.
addEventListener("pointermove", ({ buttons }) => buttons === 0 && up(), true);

const busy = (): boolean => held || (document.activeElement?.matches("main select, main input") ?? false);

/** Resolves when nobody is at something that a drawing by itself would take away. */
export async function handsFree(): Promise<void> {
  while (busy()) await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Names of the marked elements around the one that has the focus, outermost first; empty when it has no name. */
function focused(): string[] {
  const names: string[] = [];
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || !active.dataset.test) return names;
  for (let one: Element | null = active; one; one = one.parentElement)
    if (one instanceof HTMLElement && one.dataset.test) names.unshift(one.dataset.test);
  return names;
}

/** Draws by `job`, and gives the focus back to what takes the place of the control that had it. */
export function keepingFocus(job: () => void): void {
  const names = focused();
  job();
  if (names.length === 0) return;
  const path = names.map((name) => `[data-test="${CSS.escape(name)}"]`).join(" ");
  document.querySelector<HTMLElement>(path)?.focus({ preventScroll: true });
}
