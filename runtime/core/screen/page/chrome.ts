import type { Chrome, Input, ScreenModel } from "../model.ts";
import { button, type Desk, h } from "./dom.ts";
import { type Icon, icon, mark } from "./drawings/icons.ts";
import { WORDS } from "./words.ts";

/** Which service this is, at the top of every screen. */
export function masthead(chrome: Chrome): HTMLElement {
  return h("header", { class: "masthead" }, mark(), h("span", { class: "service" }, chrome.service ?? ""));
}

/** Progress and the four fixed buttons, at the bottom of every screen, in reach from a wheelchair. */
export function dock(model: ScreenModel, desk: Desk, openLanguages: () => void): HTMLElement {
  const { can, labels } = model.chrome;
  const fixed = (
    name: "back" | "help" | "language" | "stop",
    sign: Icon,
    press: (self: HTMLElement) => void,
  ) =>
    button({
      label: labels[name],
      look: "quiet",
      icon: icon(sign),
      data: { chrome: name },
      disabled: !can[name],
      press,
    });
  const simple = (input: Input) => (self: HTMLElement) => desk.send(input, self);
  return h(
    "footer",
    { class: "dock" },
    progress(model.chrome),
    h(
      "nav",
      {},
      fixed("back", "back", simple({ type: "back" })),
      fixed("help", "help", simple({ type: "help" })),
      fixed("language", "language", openLanguages),
      fixed("stop", "stop", simple({ type: "stop" })),
    ),
  );
}

function progress(chrome: Chrome): HTMLElement {
  const { progress } = chrome;
  if (!progress) return h("div", { class: "progress none" });
  const steps = Array.from({ length: progress.count }, (_, index) =>
    h("i", { class: index + 1 < progress.index ? "gone" : index + 1 === progress.index ? "now" : "left" }),
  );
  const words = h(
    "span",
    { class: "where" },
    h("b", {}, `${progress.index} / ${progress.count}`),
    h("span", {}, progress.label),
  );
  return h(
    "div",
    { class: "progress" },
    words,
    h("div", { class: "steps", "aria-hidden": "true" }, ...steps),
  );
}

/** A sheet over the lower half of the screen, named by its heading; what is behind cannot be touched. */
function sheet(kind: string, role: "dialog" | "alertdialog", ...content: Node[]): HTMLElement {
  const section = h("section", { class: "overlay", role, "aria-modal": "true", tabindex: -1 }, ...content);
  for (const [attribute, part] of [
    ["aria-labelledby", "h2"],
    ["aria-describedby", ".prose"],
  ] as const) {
    const element = section.querySelector(part);
    if (!element) continue;
    element.id = `sheet-${part.replace(/\W/, "")}`;
    section.setAttribute(attribute, element.id);
  }
  return h("div", { class: "veil", "data-overlay": kind }, section);
}

export function helpSheet(help: NonNullable<Chrome["help"]>, desk: Desk): HTMLElement {
  return sheet(
    "help",
    "dialog",
    h("h2", {}, help.title),
    h("div", { class: "prose" }, ...help.body.split("\n").map((line) => h("p", {}, line))),
    button({
      label: help.close,
      look: "primary",
      data: { "help-close": "" },
      press: (self) => desk.send({ type: "closeHelp" }, self),
    }),
  );
}

/** Time is nearly over. The seconds are counted down here only to be seen; the core decides. */
export function timeoutSheet(timeout: NonNullable<Chrome["timeout"]>, desk: Desk): HTMLElement {
  const count = h("b", { class: "seconds", "aria-hidden": "true" }, String(timeout.seconds));
  let left = timeout.seconds;
  const timer = window.setInterval(() => {
    left -= 1;
    if (left < 0 || !count.isConnected) clearInterval(timer);
    else count.textContent = String(left);
  }, 1_000);
  return sheet(
    "timeout",
    "alertdialog",
    h("div", { class: "count" }, count, h("h2", {}, timeout.title)),
    button({
      label: timeout.more,
      look: "primary",
      data: { action: "more" },
      press: (self) => desk.send({ type: "more" }, self),
    }),
  );
}

export function languageSheet(model: ScreenModel, desk: Desk, close: () => void): HTMLElement {
  const choices = languageButtons(model, desk, close);
  const veil = sheet("language", "dialog", h("h2", {}, model.chrome.labels.language), choices);
  veil.addEventListener("click", (event) => {
    if (event.target === veil) close();
  });
  veil.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  return veil;
}

/** Each language in its own words and script; the present one is marked. */
export function languageButtons(model: ScreenModel, desk: Desk, chosen: () => void = () => {}): HTMLElement {
  return h(
    "div",
    { class: "languages" },
    ...model.languages.map(({ id, label }) => {
      const here = id === model.language;
      const choice = button({
        label,
        icon: here ? icon("tick") : undefined,
        data: { language: id },
        lang: WORDS[id].tag,
        press: (self) => {
          chosen();
          if (!here) desk.send({ type: "language", id }, self);
        },
      });
      choice.setAttribute("aria-pressed", String(here));
      return choice;
    }),
  );
}
