import type { PanelState } from "../view.ts";
import { act } from "./api.ts";
import { ask, button, h, show } from "./dom.ts";

type View = PanelState["dispensers"][number];

const inWords = (it: View): string => {
  const place = it.stuck
    ? "stuck half-way"
    : { none: "clear", gate: "at the gate", reader: "at the reader" }[it.path];
  const cards = it.pathCards.length > 0 ? ` (${it.pathCards.join(", ")})` : "";
  return `Path ${place}${cards}. Entry ${it.entry ? "open" : "closed"}.`;
};

function drawn(it: View): HTMLElement {
  const { device } = it;
  const jams = (motor: "feed" | "present" | "retract") =>
    button(
      `${motor} jams`,
      () => void act("/card/jam", { device, jam: it.jam ? null : { motor, where: "middle", after: 0 } }),
      {
        class: "quiet",
        "aria-pressed": String(it.jam?.motor === motor),
        "data-key": `${device}-${motor}`,
      },
    );
  const { feed, present, retract, eject, entry } = it.motions;
  return h(
    "div",
    { "data-dispenser": device },
    h("h3", {}, device),
    h("p", {}, inWords(it)),
    h(
      "p",
      {},
      `Magazine, next first: ${it.cards.join(", ") || "empty"}. Bin: ${it.binCards.join(", ") || "empty"}.`,
    ),
    h(
      "p",
      {},
      `Motions: ${feed} feed, ${present} present, ${retract} retract, ${eject} eject, ${entry} entry.`,
    ),
    h(
      "div",
      { class: "choice" },
      button("take the card", () => void act("/card/take", { device }), {
        disabled: it.path !== "gate" || it.stuck,
        "data-key": `${device}-take`,
      }),
      button("empty the bin", () => void act("/magazine/empty", { device, where: "bin" }), {
        disabled: it.bin.length === 0,
        "data-key": `${device}-bin`,
      }),
      button("free the path", () => void act("/card/free", { device }), {
        disabled: it.path === "none",
        "data-key": `${device}-free`,
      }),
    ),
    ask(`${device}-load`, "UID of a card for the magazine", "Load", (uid) =>
      act("/magazine/load", { device, cards: [uid.toUpperCase()] }),
    ),
    ask(
      `${device}-insert`,
      "UID of a card for the entry",
      "Push in",
      (uid) => act("/card/insert", { device, card: uid.toUpperCase() }),
      !it.entry,
    ),
    h(
      "div",
      { class: "choice" },
      jams("feed"),
      jams("present"),
      jams("retract"),
      button("two stick together", () => void act("/card/double", { device, cards: it.doubleFeed ? 0 : 1 }), {
        class: "quiet",
        "aria-pressed": String(it.doubleFeed > 0),
        "data-key": `${device}-double`,
      }),
    ),
  );
}

export function renderCards(state: PanelState): void {
  const section = document.getElementById("cards-section");
  if (section) section.hidden = state.dispensers.length === 0;
  show("cards", ...state.dispensers.map(drawn));
}
