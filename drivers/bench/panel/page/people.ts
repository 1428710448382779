import type { Condition, PanelState, PersonView } from "../view.ts";
import { act } from "./api.ts";
import { button, h, show } from "./dom.ts";

const FINGERS = ["thumb", "index finger", "middle finger", "ring finger", "little finger"];
const CONDITIONS: [Condition, string][] = [
  ["normal", "normal"],
  ["dry", "dry"],
  ["wet", "wet"],
  ["light", "barely touching"],
];

/** Right hand, seen from its back; the left is its mirror image. x, y, width, height, turn in degrees. */
const SHAPES: [number, number, number, number, number][] = [
  [6, 92, 26, 66, -42],
  [40, 18, 25, 86, -7],
  [70, 6, 26, 96, 0],
  [101, 14, 25, 90, 6],
  [130, 38, 22, 72, 14],
];

let condition: Condition = "normal";
let sensor: string | null = null;

export const fingerName = (position: number): string =>
  `${position > 5 ? "left" : "right"} ${FINGERS[(position - 1) % 5] ?? ""}`;

/** `NAME, Given` as one would say it. */
const spoken = (name: string) => {
  const [family = "", given = ""] = name.split(", ");
  return `${given} ${family.charAt(0)}${family.slice(1).toLowerCase()}`;
};

const services = (person: PersonView) =>
  person.eligibleFor.length === 0
    ? "too young for any service"
    : person.eligibleFor.length === 1
      ? "identity card only"
      : "identity card, passport";

export function renderPeople(
  state: PanelState,
  selected: string,
  select: (id: string) => void,
  redraw: () => void,
): void {
  show(
    "people",
    ...state.people.map((person) =>
      h(
        "button",
        {
          type: "button",
          class: "person",
          "data-key": person.id,
          "aria-pressed": String(person.id === selected),
          click: () => select(person.id),
        },
        h("b", {}, spoken(person.nameEn)),
        h("small", {}, services(person)),
      ),
    ),
  );
  const person = state.people.find(({ id }) => id === selected);
  if (!person) return;
  const sensors = Object.keys(state.fingers);
  if (!sensor || !sensors.includes(sensor)) sensor = sensors[0] ?? null;
  const on = sensor ? state.fingers[sensor] : null;
  show(
    "person",
    h(
      "dl",
      { class: "facts" },
      ...fact("Card number", card(person.number)),
      ...fact("Born", person.dateOfBirth),
      ...fact("Name", h("span", {}, person.nameEn, h("br"), person.nameZh)),
    ),
    h("div", { class: "hands" }, hand(person, "left", on ?? null), hand(person, "right", on ?? null)),
    h(
      "p",
      { class: "touching", "data-on": Boolean(on) },
      on
        ? `On the sensor: ${fingerName(on.position)} of ${spokenId(state, on.person)}, ${on.condition}. Click it again to lift.`
        : "Nothing is on the sensor. Click a finger to place it.",
    ),
    sensors.length > 1 &&
      h(
        "div",
        { class: "choice" },
        h("span", {}, "Sensor"),
        ...sensors.map((role) =>
          button(
            role,
            () => {
              sensor = role;
              redraw();
            },
            { "aria-pressed": String(role === sensor) },
          ),
        ),
      ),
    h(
      "div",
      { class: "choice" },
      h("span", {}, "The finger is"),
      ...CONDITIONS.map(([value, label]) =>
        button(
          label,
          () => {
            condition = value;
            if (on && sensor)
              void act("/finger", { device: sensor, person: on.person, position: on.position, condition });
            redraw();
          },
          { "aria-pressed": String(value === condition) },
        ),
      ),
    ),
  );
}

const spokenId = (state: PanelState, id: string) =>
  spoken(state.people.find((person) => person.id === id)?.nameEn ?? id);

/** As it is printed on a card, the check character in brackets. */
const card = (number: string) => `${number.slice(0, -1)}(${number.slice(-1)})`;

const fact = (name: string, value: Node | string) => [h("dt", {}, name), h("dd", {}, value)];

function hand(
  person: PersonView,
  side: "left" | "right",
  on: { person: string; position: number } | null,
): HTMLElement {
  const fingers = SHAPES.map(([x, y, width, height, turn], i) => {
    const position = i + (side === "left" ? 6 : 1);
    const placed = on?.person === person.id && on.position === position;
    const press = () => {
      if (!sensor) return;
      void (placed
        ? act("/finger/lift", { device: sensor })
        : act("/finger", { device: sensor, person: person.id, position, condition }));
    };
    return h(
      "g",
      {
        class: "finger",
        role: "button",
        tabindex: 0,
        "data-key": `finger-${position}`,
        "data-finger": position,
        "aria-pressed": String(placed),
        "aria-label": fingerName(position),
        transform: `rotate(${turn} ${x + width / 2} ${y + height})`,
        click: press,
        keydown: (event) => {
          if ((event as KeyboardEvent).key === "Enter" || (event as KeyboardEvent).key === " ") press();
        },
      },
      h("title", {}, fingerName(position)),
      h("rect", { x, y, width, height: height + 26, rx: width / 2 }),
      h("rect", { class: "nail", x: x + width * 0.24, y: y + 6, width: width * 0.52, height: 13, rx: 6 }),
    );
  });
  return h(
    "figure",
    {},
    h(
      "svg",
      { viewBox: "-44 -6 226 214", role: "group", "aria-label": `${side} hand` },
      h(
        "g",
        { transform: side === "left" ? "translate(138 0) scale(-1 1)" : "" },
        ...fingers,
        h("path", { class: "palm", d: "M38 104h112q6 30-2 58-8 38-50 38-34 0-50-26L22 140q10-16 16-36z" }),
      ),
    ),
    h("figcaption", {}, `${side} hand`),
  );
}
