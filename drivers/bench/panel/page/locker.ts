import type { PanelState } from "../view.ts";
import { act } from "./api.ts";
import { ask, button, h, show } from "./dom.ts";

type SlotView = PanelState["slots"][number];
let chosen: string | null = null;

const words = (it: SlotView): string =>
  [
    it.door === "closed" ? "closed" : it.door === "ajar" ? "sprung open" : "open",
    it.code ? `holds ${it.code}` : "empty",
    it.light ? "light on" : null,
    it.jammed ? "bolt sticks" : null,
    it.sensor === "ok"
      ? null
      : `sensor ${it.sensor === "stuckPresent" ? "always sees something" : "sees nothing"}`,
  ]
    .filter(Boolean)
    .join(", ");

export function renderLocker(state: PanelState, redraw: () => void): void {
  if (!chosen || !state.slots.some(({ slot }) => slot === chosen)) chosen = state.slots[0]?.slot ?? null;
  show(
    "locker",
    ...state.slots.map((it) =>
      h(
        "button",
        {
          type: "button",
          class: "slot",
          "data-key": `slot-${it.slot}`,
          "data-slot": it.slot,
          "data-door": it.door,
          "data-light": Boolean(it.light),
          "aria-pressed": String(it.slot === chosen),
          "aria-label": `Slot ${it.slot}: ${words(it)}`,
          title: words(it),
          click: () => {
            chosen = it.slot;
            redraw();
          },
        },
        h("span", { class: "inside" }, it.code && h("span", { class: "item" }, it.code)),
        h("span", { class: "leaf" }),
        h("span", { class: "plate" }, h("b", {}, it.slot), it.light !== null && h("i", { class: "lamp" })),
      ),
    ),
  );
  const it = state.slots.find(({ slot }) => slot === chosen);
  if (!it) return;
  const { slot } = it;
  const shut = it.door === "closed";
  const toggle = (label: string, value: SlotView["sensor"]) =>
    button(label, () => void act("/sensor", { slot, sensor: it.sensor === value ? "ok" : value }), {
      class: "quiet",
      "aria-pressed": String(it.sensor === value),
    });
  show(
    "slot",
    h("h3", {}, `Slot ${slot}`),
    h("p", {}, `${words(it)}. Motions: ${it.motions}.`),
    h(
      "div",
      { class: "choice" },
      button("open the door", () => void act("/door/open", { slot }), { disabled: it.door === "open" }),
      button("close the door", () => void act("/door/close", { slot }), { disabled: shut }),
      button("take the item", () => void act("/item/take", { slot }), { disabled: shut || !it.code }),
    ),
    ask(
      "put",
      "Item code to lay inside",
      "Put",
      (code) => act("/item/put", { slot, code }),
      shut || it.code !== null,
    ),
    state.out.length > 0 &&
      h(
        "div",
        { class: "choice" },
        h("span", {}, "In somebody's hands"),
        ...state.out.map(({ id, code }) =>
          button(code, () => void act("/item/put", { slot, code }), {
            "data-key": `out-${id}`,
            disabled: shut || it.code !== null,
          }),
        ),
      ),
    h(
      "div",
      { class: "choice" },
      button("crowbar", () => void act("/door/open", { slot, force: true }), {
        class: "quiet",
        disabled: !shut,
      }),
      button("bolt sticks", () => void act("/bolt", { slot, jammed: !it.jammed }), {
        class: "quiet",
        "aria-pressed": String(it.jammed),
      }),
      toggle("sensor stuck on", "stuckPresent"),
      toggle("sensor stuck off", "stuckAbsent"),
    ),
  );
}
