import type { Keyboard } from "../../model.ts";
import { dateEntry } from "../date-entry.ts";
import { button, type Desk, h } from "../dom.ts";
import { picture } from "../drawings/documents.ts";
import { keepAllowed, keyboard } from "../keyboard.ts";
import { advice, type Drawn, nextButton, type ViewOf } from "./drawn.ts";

const FIGURE: Record<Keyboard, string> = {
  hkic: "id-number",
  date: "calendar",
  email: "letter",
  digits: "phone",
  latin: "write",
};

/** One field, with the keyboard that fits it. `typed` is what was in the field before the model was drawn again. */
export function entry(view: ViewOf<"entry">, desk: Desk, typed: string | undefined): Drawn {
  const figure = picture(view.picture ?? FIGURE[view.keyboard]);
  const submit = (value: string, source: HTMLElement) =>
    desk.send({ type: "text", field: view.field, value }, source);
  const value = typed ?? view.value;
  const parts =
    view.keyboard === "date"
      ? dateEntry(desk, view.title, value, (done) => submit(done, next))
      : textEntry(view, desk, value, (done) => submit(done, next));
  const next = nextButton(desk, view.next, (self) => submit(parts.value(), self));
  const skip = view.skip
    ? button({
        label: view.skip,
        data: { skip: "" },
        press: (self) => desk.send({ type: "skip" }, self),
      })
    : undefined;
  const problem = advice([view.error]);
  for (const line of problem) (line as HTMLElement).id = "problem";
  if (view.error) parts.focus.setAttribute("aria-invalid", "true");
  return {
    title: view.title,
    body: view.hint,
    figure,
    focus: parts.focus,
    sheet: [
      h("div", { class: "answer" }, parts.field, ...problem),
      parts.keys,
      h("div", { class: "row" }, ...(skip ? [skip] : []), next),
    ],
  };
}

function textEntry(view: ViewOf<"entry">, desk: Desk, value: string, submit: (value: string) => void) {
  const kind = view.keyboard === "date" ? "digits" : view.keyboard;
  const input = h("input", {
    class: "field",
    type: "text",
    // The keys are on the page; the system's own keyboard stays away.
    inputmode: "none",
    autocomplete: "off",
    autocorrect: "off",
    autocapitalize: "off",
    spellcheck: "false",
    maxlength: view.maxLength,
    placeholder: view.example,
    "aria-label": view.title,
    "aria-describedby": view.error ? "problem" : undefined,
    "data-field": view.field,
  });
  input.value = keepAllowed(kind, value).slice(0, view.maxLength);
  const fit = () => {
    input.classList.toggle("long", input.value.length > 18);
    input.scrollLeft = input.scrollWidth;
  };
  input.addEventListener("input", () => {
    const clean = keepAllowed(kind, input.value).slice(0, view.maxLength);
    if (clean !== input.value) {
      const at = input.selectionStart ?? clean.length;
      input.value = clean;
      input.setSelectionRange(at, at);
    }
    fit();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") submit(input.value);
  });
  fit();
  return { field: input, keys: keyboard(kind, input, desk), focus: input, value: () => input.value };
}
