type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "rect", "path", "circle", "text", "title"]);

/** An element: functions become listeners, true an empty attribute, false and null none. */
export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child): child is Node | string => Boolean(child)));
  return element as HTMLElement;
}

/** Replaces what is shown in a place, unless somebody is typing there. */
export function show(id: string, ...children: Child[]): void {
  const place = document.getElementById(id);
  if (!place) return;
  const active = document.activeElement;
  if (active instanceof HTMLInputElement && place.contains(active)) return;
  // Whoever works with the keyboard stays on the same control.
  const key = active instanceof HTMLElement && place.contains(active) ? active.dataset.key : undefined;
  place.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
  if (key) place.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

export function button(label: string, onClick: () => void, more: Attributes = {}): HTMLElement {
  return h("button", { type: "button", "data-key": label, click: onClick, ...more }, label);
}

/** A one-line form: Enter and the button do the same. Half-typed text survives a redraw. */
const typed = new Map<string, string>();
export function ask(
  key: string,
  placeholder: string,
  label: string,
  onText: (text: string) => void,
  disabled = false,
): HTMLElement {
  const input = h("input", {
    type: "text",
    placeholder,
    "aria-label": placeholder,
    value: typed.get(key) ?? "",
    autocomplete: "off",
    spellcheck: "false",
    disabled,
    input: () => typed.set(key, input.value),
  }) as HTMLInputElement;
  const submit = (event: Event) => {
    event.preventDefault();
    if (input.value.trim() === "") return input.focus();
    const text = input.value.trim();
    typed.delete(key);
    input.value = "";
    input.blur();
    onText(text);
  };
  return h("form", { class: "ask", submit }, input, h("button", { type: "submit", disabled }, label));
}
