import type { PanelState } from "../view.ts";
import { act } from "./api.ts";
import { button, h, show } from "./dom.ts";

type View = PanelState["papers"][number];

function drawn({ device, left, cover, cutter, printed, tickets }: View): HTMLElement {
  const last = tickets.at(-1);
  return h(
    "div",
    { "data-printer": device },
    h("h3", {}, device),
    h("p", {}, `${left} lines of paper, cover ${cover}, knife ${cutter}, ${printed} tickets.`),
    last ? h("pre", { "data-ticket": "" }, last.join("\n")) : null,
    h(
      "div",
      { class: "choice" },
      button(
        left > 0 ? "take the roll out" : "put a roll in",
        () => void act("/paper", left > 0 ? { device, lines: 0 } : { device }),
      ),
      button(
        cover === "open" ? "close the cover" : "open the cover",
        () => void act("/cover", { device, cover: cover === "open" ? "closed" : "open" }),
      ),
      button(
        "knife sticks",
        () => void act("/cutter", { device, cutter: cutter === "ok" ? "stuck" : "ok" }),
        {
          class: "quiet",
          "aria-pressed": String(cutter === "stuck"),
        },
      ),
    ),
  );
}

export function renderPapers({ papers }: PanelState): void {
  document.getElementById("papers-section")?.toggleAttribute("hidden", papers.length === 0);
  show("papers", ...papers.map(drawn));
}
