import { type Desk, h } from "./dom.ts";
import { keyPad, say, spokenKey } from "./keyboard.ts";

type Part = "day" | "month" | "year";
const LENGTH: Record<Part, number> = { day: 2, month: 2, year: 4 };

/**
 * Day, month and year as three fields in the order of the language, filled one after the other by large digits.
 * The value is `YYYY-MM-DD`, or as much as was typed in that form; whether such a day exists, the core says.
 */
export function dateEntry(desk: Desk, title: string, value: string, submit: (value: string) => void) {
  const order: Part[] = desk.language === "en" ? ["day", "month", "year"] : ["year", "month", "day"];
  const [year = "", month = "", day = ""] = value.split("-");
  const digits: Record<Part, string> = { day, month, year };
  let active: Part = order.find((part) => digits[part].length < LENGTH[part]) ?? "day";

  const boxes = new Map<Part, HTMLButtonElement>();
  for (const part of order) {
    const box = h(
      "button",
      { type: "button", class: `date-part ${part}`, "data-part": part, onclick: () => select(part) },
      h("span", { class: "label" }, desk.words[part]),
      h("span", { class: "digits" }),
    );
    boxes.set(part, box);
  }
  const spelled = h("output", { class: "spelled" });
  const field = h(
    "div",
    { class: "date", role: "group", "aria-label": title, tabindex: 0, onkeydown: onKey },
    h("div", { class: "date-parts" }, ...order.map((part) => boxes.get(part) as HTMLButtonElement)),
    spelled,
  );

  function current(): string {
    return [digits.year, digits.month, digits.day].join("-").replace(/^-+$/, "");
  }
  function complete(): boolean {
    return order.every((part) => digits[part].length === LENGTH[part]);
  }
  function select(part: Part): void {
    active = part;
    // A full part that is chosen again is typed anew.
    if (digits[part].length === LENGTH[part]) digits[part] = "";
    draw();
  }
  function type(key: string): void {
    if (key === "Clear") {
      for (const part of order) digits[part] = "";
      active = order[0] ?? "day";
    } else if (key === "Backspace") {
      const before = order[order.indexOf(active) - 1];
      if (digits[active] === "" && before) active = before;
      digits[active] = digits[active].slice(0, -1);
    } else if (digits[active].length < LENGTH[active]) {
      digits[active] += key;
      if (digits[active].length === LENGTH[active]) {
        active = order.find((part) => digits[part].length < LENGTH[part]) ?? active;
      }
    }
    say(spokenKey(key, desk));
    draw();
  }
  function onKey(event: Event): void {
    const { key } = event as KeyboardEvent;
    if (/^[0-9]$/.test(key) || key === "Backspace") {
      event.preventDefault();
      type(key);
    } else if (key === "Enter" && event.target === field) submit(current());
  }
  function draw(): void {
    for (const [part, box] of boxes) {
      box.classList.toggle("active", part === active);
      box.setAttribute("aria-current", String(part === active));
      const shown = box.querySelector(".digits");
      if (shown) shown.textContent = digits[part].padEnd(LENGTH[part], "–");
    }
    spelled.textContent = complete()
      ? inWords(current(), desk.language === "en" ? "en-GB" : desk.words.tag)
      : "\u00a0";
    field.dataset.typed = current();
  }
  draw();
  const rows = [
    ["1", "2", "3"],
    ["4", "5", "6"],
    ["7", "8", "9"],
    ["Clear", "0", "Backspace"],
  ];
  return {
    field,
    keys: keyPad(rows, desk, type, "keys-digits"),
    focus: field as HTMLElement,
    value: current,
  };
}

/** The date with the month as a word, to read it back; nothing where no such day exists. */
function inWords(iso: string, tag: string): string {
  const date = new Date(`${iso}T00:00:00Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== iso) return "\u00a0";
  return new Intl.DateTimeFormat(tag, { dateStyle: "long", timeZone: "UTC" }).format(date);
}
