import type { Input, Language } from "../model.ts";
import type { Words } from "./words.ts";

/** What a view may use: a way to answer, and the page's own few words. */
export interface Desk {
  /** Sends one input; ignored while an earlier one waits for its model. `source` is marked as pressed. */
  send(input: Input, source?: HTMLElement): void;
  language: Language;
  words: Words;
}

type Child = Node | string | undefined | false;
type Props = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** Makes an element; functions become listeners (`onclick`), `undefined` and `false` are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child !== undefined && child !== false) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG, where a drawing carries data (labels, modules). */
export function s(
  tag: string,
  props: Record<string, string | number> = {},
  ...children: (Node | string)[]
): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A drawing from fixed markup of this program; never give it text from a model. */
export function drawing(viewBox: string, markup: string, name = ""): SVGElement {
  const element = s("svg", {
    viewBox,
    class: `drawing ${name}`.trim(),
    "aria-hidden": "true",
    focusable: "false",
  });
  element.innerHTML = markup;
  return element;
}

export interface ButtonOptions {
  label: string;
  detail?: string | undefined;
  look?: "primary" | "plain" | "quiet";
  icon?: Node | undefined;
  /** `data-` attributes by which tests and scripts find it. */
  data?: Record<string, string>;
  disabled?: boolean;
  lang?: string;
  press(button: HTMLButtonElement): void;
}

/** The one kind of button; at least 15 mm high, with words that say what it does. */
export function button(options: ButtonOptions): HTMLButtonElement {
  const words = h(
    "span",
    { class: "words" },
    h("span", { class: "label" }, options.label),
    options.detail ? h("span", { class: "detail" }, options.detail) : undefined,
  );
  const element = h(
    "button",
    {
      type: "button",
      class: `button ${options.look ?? "plain"}`,
      disabled: options.disabled,
      lang: options.lang,
    },
    options.icon,
    words,
  );
  for (const [name, value] of Object.entries(options.data ?? {})) element.setAttribute(`data-${name}`, value);
  element.addEventListener("click", () => {
    if (!element.disabled) options.press(element);
  });
  return element;
}
