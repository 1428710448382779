import { type Desk, h } from "../dom.ts";
import { hand } from "../drawings/hand.ts";
import { icon } from "../drawings/icons.ts";
import { qrCode } from "../drawings/qr.ts";
import { lockerWall, ovalGuide, photographThis, scanCorners, scanScene, sitter } from "../drawings/scenes.ts";
import { actionRow, advice, attempts, type Drawn, imageOf, nextButton, type ViewOf } from "./drawn.ts";

export function finger(view: ViewOf<"finger">, desk: Desk): Drawn {
  return {
    title: view.title,
    body: view.body,
    face: view.face,
    figure: h("div", { class: `pose is-${view.face}` }, hand(view.position)),
    sheet: [
      ...advice([view.advice]),
      ...attempts(view.attempt, view.attempts),
      // What is to be done here is done with the finger; the button is only the way out.
      ...actionRow(desk, view.actions, "plain"),
    ],
  };
}

export function photo(view: ViewOf<"photo">, desk: Desk): Drawn {
  const source = view.picture ?? view.preview;
  const frame = h(
    "div",
    { class: `frame portrait-frame is-${view.face}` },
    source ? imageOf(source) : sitter(),
    view.picture ? undefined : ovalGuide(),
  );
  return {
    title: view.title,
    body: view.body,
    face: view.face,
    figure: frame,
    sheet: [
      ...advice(view.advice),
      ...attempts(view.attempt, view.attempts),
      ...actionRow(desk, view.actions),
    ],
  };
}

export function scan(view: ViewOf<"scan">, desk: Desk): Drawn {
  const figure = view.preview
    ? h("div", { class: `frame scan-frame is-${view.face}` }, imageOf(view.preview), scanCorners())
    : h("div", { class: `pose is-${view.face}` }, scanScene());
  return {
    title: view.title,
    body: view.body,
    face: view.face,
    figure,
    sheet: [
      ...advice([view.advice]),
      ...actionRow(desk, view.actions, view.face === "waiting" ? "plain" : "primary"),
    ],
  };
}

export function door(view: ViewOf<"door">, desk: Desk): Drawn {
  return {
    title: view.title,
    body: view.body,
    face: view.face,
    // A door that has been closed is a door like the others.
    figure: lockerWall(view.slots, view.face === "succeeded" ? undefined : view.slot),
    sheet: actionRow(desk, view.actions),
  };
}

/** Side of the code on the screen: as large as the room allows, at least 60 mm, at most 175 mm. */
const QR_MM = { least: 60, most: 175 };

export function receipt(view: ViewOf<"receipt">, desk: Desk): Drawn {
  const card = h("div", { class: "receipt-code" });
  const draw = () => {
    const mm = Number(getComputedStyle(document.documentElement).getPropertyValue("--px-per-mm"));
    const room = Math.min(card.clientWidth, card.clientHeight);
    const code = qrCode(view.qr, Math.max(QR_MM.least * mm, Math.min(QR_MM.most * mm, room)));
    code.setAttribute("aria-label", view.referenceLabel);
    card.replaceChildren(code);
  };
  new ResizeObserver(draw).observe(card);
  return {
    title: view.title,
    body: view.body,
    face: "succeeded",
    figure: h("div", { class: "receipt-figure" }, card, photographThis()),
    sheet: [
      h(
        "p",
        { class: "reference" },
        h("span", { class: "label" }, view.referenceLabel),
        h("strong", { "data-reference": "" }, view.reference),
      ),
      h(
        "ul",
        { class: "lines" },
        ...view.lines.map((line) => h("li", {}, icon("tick"), h("span", {}, line))),
      ),
      ...(view.printing ? [h("p", { class: "printing", role: "status" }, view.printing)] : []),
      ...actionRow(desk, view.actions, "plain"),
      ...(view.done ? [nextButton(desk, view.done)] : []),
    ],
  };
}
