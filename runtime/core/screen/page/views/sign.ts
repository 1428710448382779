import { button, type Desk, h, s } from "../dom.ts";
import { picture } from "../drawings/documents.ts";
import { icon } from "../drawings/icons.ts";
import { advice, type Drawn, nextButton, type Stroke, type ViewOf } from "./drawn.ts";

/** More than a signature has; a leaning arm does not fill the memory, and the core takes no more. */
const MOST_POINTS = 4_000;
const MOST_STROKES = 200;

/**
 * A pad that takes strokes by pen, finger or mouse, in thousandths of its width and height. `before` are the strokes
 * that were on it when the same screen is drawn again.
 */
export function sign(view: ViewOf<"sign">, desk: Desk, before: Stroke[] = []): Drawn {
  let strokes = before;
  let points = before.reduce((sum, stroke) => sum + stroke.length, 0);
  const ink = s("svg", {
    viewBox: "0 0 1000 1000",
    preserveAspectRatio: "none",
    class: "ink-lines",
    "aria-hidden": "true",
  });
  const pad = h(
    "div",
    { class: "pad", role: "img", "aria-label": desk.words.signHere, "data-pad": "" },
    ink,
    h("span", { class: "pad-line" }, h("span", {}, desk.words.signHere)),
  );
  const lines = new Map<number, { stroke: Stroke; line: SVGElement }>();

  const at = (event: PointerEvent): [number, number] => {
    const box = pad.getBoundingClientRect();
    const part = (offset: number, whole: number) =>
      Math.round(Math.min(1, Math.max(0, whole === 0 ? 0 : offset / whole)) * 1000);
    return [part(event.clientX - box.left, box.width), part(event.clientY - box.top, box.height)];
  };
  const extend = (event: PointerEvent) => {
    const current = lines.get(event.pointerId);
    if (!current || points >= MOST_POINTS) return;
    const point = at(event);
    const last = current.stroke.at(-1);
    if (last && last[0] === point[0] && last[1] === point[1]) return;
    if (!last) strokes.push(current.stroke);
    current.stroke.push(point);
    points += 1;
    trace(current.line, current.stroke);
  };
  for (const stroke of before) {
    const line = s("polyline");
    trace(line, stroke);
    ink.append(line);
  }
  pad.classList.toggle("inked", before.length > 0);
  pad.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    // Only one hand writes: a palm or second finger is not ink.
    if (lines.size > 0 || strokes.length >= MOST_STROKES || points >= MOST_POINTS) return;
    pad.setPointerCapture(event.pointerId);
    const stroke: Stroke = [];
    const line = s("polyline", { points: "" });
    ink.append(line);
    lines.set(event.pointerId, { stroke, line });
    pad.classList.add("inked");
    extend(event);
  });
  pad.addEventListener("pointermove", extend);
  const end = (event: PointerEvent) => lines.delete(event.pointerId);
  pad.addEventListener("pointerup", end);
  pad.addEventListener("pointercancel", end);

  const clear = button({
    label: view.clear,
    icon: icon("erase"),
    data: { clear: "" },
    press: () => {
      strokes = [];
      points = 0;
      lines.clear();
      ink.replaceChildren();
      pad.classList.remove("inked");
    },
  });
  return {
    title: view.title,
    strokes: () => strokes,
    body: view.body,
    figure: picture("sign"),
    sheet: [
      ...advice([view.error]),
      pad,
      h(
        "div",
        { class: "row" },
        clear,
        nextButton(desk, view.next, (self) => desk.send({ type: "sign", strokes }, self)),
      ),
    ],
  };
}

function trace(line: SVGElement, stroke: Stroke): void {
  // A single point shows as a dot by the round cap of a line of no length.
  const drawn = stroke.length === 1 ? [...stroke, ...stroke] : stroke;
  line.setAttribute("points", drawn.map((pair) => pair.join(",")).join(" "));
}
