import type { Keyboard } from "../model.ts";
import { type Desk, h } from "./dom.ts";
import { icon } from "./drawings/icons.ts";

export type TextKeyboard = Exclude<Keyboard, "date">;

const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];
const letters = (row: string) => row.split("");

/** Rows of keys. A name of more than one letter is a key with a meaning of its own. */
const LAYOUTS: Record<TextKeyboard, string[][]> = {
  latin: [
    DIGITS,
    letters("QWERTYUIOP"),
    letters("ASDFGHJKL"),
    [..."ZXCVBNM", "'", "Backspace"],
    [",", ".", "Space", "-", "/"],
  ],
  email: [
    DIGITS,
    letters("qwertyuiop"),
    letters("asdfghjkl"),
    [..."zxcvbnm", "_", "Backspace"],
    ["-", "+", "@", ".", ".com", ".hk"],
  ],
  hkic: [DIGITS, letters("QWERTYUIOP"), letters("ASDFGHJKL"), [..."ZXCVBNM", "Backspace"]],
  digits: [
    ["1", "2", "3"],
    ["4", "5", "6"],
    ["7", "8", "9"],
    ["Clear", "0", "Backspace"],
  ],
};

const CASE: Record<TextKeyboard, (text: string) => string> = {
  latin: (text) => text.toUpperCase(),
  hkic: (text) => text.toUpperCase(),
  email: (text) => text.toLowerCase(),
  digits: (text) => text,
};

const REFUSED: Record<TextKeyboard, RegExp> = {
  latin: /[^A-Z0-9 ',./-]/g,
  hkic: /[^A-Z0-9]/g,
  email: /[^a-z0-9@._+-]/g,
  digits: /[^0-9]/g,
};

/** What of `text` this keyboard can produce: a physical keyboard gives no more than the drawn one. */
export function keepAllowed(kind: TextKeyboard, text: string): string {
  return CASE[kind](text).replace(REFUSED[kind], "");
}

const WIDE: Record<string, number> = { Space: 5, Backspace: 2, ".com": 2, ".hk": 2, "@": 2 };

/** The keys of one kind, typing into `input` at its caret. */
export function keyboard(kind: TextKeyboard, input: HTMLInputElement, desk: Desk): HTMLElement {
  const type = (key: string) => {
    if (key === "Clear") input.setRangeText("", 0, input.value.length, "end");
    else if (key === "Backspace") erase(input);
    else insert(input, key === "Space" ? " " : key);
    input.focus();
    input.dispatchEvent(new Event("input"));
    say(spokenKey(key, desk));
  };
  return keyPad(LAYOUTS[kind], desk, type, `keys-${kind}`);
}

/** Draws rows of keys; used by the date's digits too. */
export function keyPad(rows: string[][], desk: Desk, type: (key: string) => void, name: string): HTMLElement {
  const drawn = rows.map((row) => {
    const line = h("div", { class: "key-row" }, ...row.map((key) => keyButton(key, desk, type)));
    return line;
  });
  return h("div", { class: `keys ${name}`, role: "group" }, ...drawn);
}

/** What a key is called, in the language of the screen. */
export function spokenKey(key: string, { words }: Desk): string {
  const names: Record<string, string> = { Space: words.space, Backspace: words.erase, Clear: words.eraseAll };
  return names[key] ?? key;
}

function keyButton(key: string, desk: Desk, type: (key: string) => void): HTMLElement {
  const label = spokenKey(key, desk);
  const face = key === "Backspace" ? icon("erase") : h("span", {}, label);
  const element = h("button", { type: "button", class: "key", "data-key": key, "aria-label": label }, face);
  if (key.length > 1) element.classList.add("special");
  element.style.setProperty("--span", String(WIDE[key] ?? 1));
  // The caret stays in the field while a key is touched.
  element.addEventListener("pointerdown", (event) => event.preventDefault());
  element.addEventListener("click", () => type(key));
  return element;
}

function insert(input: HTMLInputElement, text: string): void {
  const start = input.selectionStart ?? input.value.length;
  const end = input.selectionEnd ?? start;
  const room = input.maxLength - (input.value.length - (end - start));
  input.setRangeText(text.slice(0, Math.max(0, room)), start, end, "end");
}

function erase(input: HTMLInputElement): void {
  const start = input.selectionStart ?? input.value.length;
  const end = input.selectionEnd ?? start;
  if (start === end && start > 0) input.setRangeText("", start - 1, end, "end");
  else input.setRangeText("", start, end, "end");
}

/** Says a key for a person who does not see it; a change by script is not announced by itself. */
export function say(text: string): void {
  const echo = document.getElementById("echo");
  if (echo) echo.textContent = text;
}
