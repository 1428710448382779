import type { Face, Option, View } from "../../model.ts";
import { button, type Desk, h } from "../dom.ts";
import { icon } from "../drawings/icons.ts";

export type ViewOf<K extends View["kind"]> = Extract<View, { kind: K }>;

export type Stroke = [number, number][];

/** What a person has done on this screen and not yet sent, when the same screen is drawn again. */
export interface Kept {
  typed?: string | undefined;
  strokes?: Stroke[] | undefined;
}

/** What a view gives to the page: words for the stage, a figure on it, and the controls of the sheet below. */
export interface Drawn {
  title: string;
  body?: string | undefined;
  figure?: Node | undefined;
  /** Beside the title; the same sign for the same state on every screen. */
  face?: Face;
  sheet: Node[];
  /** Strokes on the pad so far. */
  strokes?: () => Stroke[];
  /** Where the focus goes on a new screen, instead of the title. */
  focus?: HTMLElement;
}

/** Actions as buttons side by side; the first is the one to expect. */
export function actionRow(desk: Desk, actions: Option[], firstLook: "primary" | "plain" = "primary"): Node[] {
  if (actions.length === 0) return [];
  const buttons = actions.map((action, index) =>
    button({
      label: action.label,
      detail: action.unavailable ?? action.detail,
      look: index === 0 ? firstLook : "plain",
      data: { action: action.id },
      disabled: action.unavailable !== undefined,
      press: (self) => desk.send({ type: "action", id: action.id }, self),
    }),
  );
  return [h("div", { class: "row" }, ...buttons)];
}

export function nextButton(
  desk: Desk,
  label: string,
  press?: (self: HTMLElement) => void,
): HTMLButtonElement {
  return button({
    label,
    look: "primary",
    data: { next: "" },
    press: press ?? ((self) => desk.send({ type: "next" }, self)),
  });
}

/** What has to be changed: sign and words together. */
export function advice(texts: (string | undefined)[]): Node[] {
  return texts
    .filter((text) => text !== undefined && text !== "")
    .map((text) => h("p", { class: "advice" }, icon("advice"), h("span", {}, text)));
}

/** Attempts as dots: gone, this one, left. Nothing is shown where only one is given. */
export function attempts(attempt: number, of: number): Node[] {
  if (of < 2) return [];
  const dots = Array.from({ length: of }, (_, index) =>
    h("i", { class: index + 1 < attempt ? "gone" : index + 1 === attempt ? "now" : "left" }),
  );
  return [h("div", { class: "attempts", role: "img", "aria-label": `${attempt} / ${of}` }, ...dots)];
}

/** A long text or list that scrolls by touch, with a button that says and does it. */
export function scroller(desk: Desk, ...content: Node[]): HTMLElement {
  const inner = h("div", { class: "scroll", tabindex: 0 }, ...content);
  const more = button({
    label: desk.words.more,
    look: "quiet",
    icon: icon("down"),
    data: { more: "" },
    press: () => inner.scrollBy({ top: inner.clientHeight * 0.8, behavior: "smooth" }),
  });
  more.classList.add("more");
  const outer = h("div", { class: "scroller" }, inner, more);
  const look = () => {
    const rest = inner.scrollHeight - inner.clientHeight - inner.scrollTop;
    outer.classList.toggle("has-more", rest > 8);
  };
  inner.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(inner);
  return outer;
}

/** A live view or picture; the page keeps the element while the address stays the same, so it does not flicker. */
export function imageOf(src: string): HTMLImageElement {
  return h("img", { src, alt: "", draggable: "false", "data-keep": src });
}
