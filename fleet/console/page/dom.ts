/** A small maker of elements: text goes in as text, never as markup. */
type Child = Node | string | number | null | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Child | Child[])[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

export const test = (name: string) => ({ "data-test": name });

const TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
export const time = (ms: number | null | undefined): string => (ms ? TIME.format(ms) : "–");

export type Tone = "good" | "warn" | "bad" | "plain" | "";
export const pill = (text: string, tone: Tone, name = ""): HTMLElement =>
  h("span", { class: `pill ${tone}`, ...(name ? test(name) : {}) }, text);

export const nothing = (text: string): HTMLElement => h("p", { class: "nothing" }, text);

export function head(title: string, lead: string, ...more: Node[]): HTMLElement {
  return h("div", { class: "head" }, h("div", {}, h("h1", {}, title), h("p", {}, lead)), ...more);
}

export function table(columns: string[], rows: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...columns.map((column) => h("th", { scope: "col" }, column)))),
      h("tbody", {}, ...rows),
    ),
  );
}

let toastTimer: number | undefined;
/** Says shortly what happened; a failure stays until the next one. */
export function say(text: string, bad = false): void {
  document.querySelector(".toast")?.remove();
  clearTimeout(toastTimer);
  const toast = h(
    "div",
    { class: `toast ${bad ? "bad" : ""}`, role: bad ? "alert" : "status", ...test("toast") },
    text,
  );
  document.body.append(toast);
  if (!bad) toastTimer = setTimeout(() => toast.remove(), 4_000) as unknown as number;
}

const SERVICES: Record<string, string> = {
  "hkic-application": "Identity card",
  "passport-application": "Passport",
  "one-stop": "Identity card and passport",
  collection: "Collection",
  exchange: "Exchange",
};
/** A service in the words of staff. */
export const service = (id: string): string => SERVICES[id] ?? id;

/** `dateOfBirth` to `Date of birth`. */
export const words = (name: string): string =>
  name
    .replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
    .replace(/^./, (c) => c.toUpperCase());
