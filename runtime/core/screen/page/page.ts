import type { Input, ScreenModel, View } from "../model.ts";
import { dock, helpSheet, languageButtons, languageSheet, masthead, timeoutSheet } from "./chrome.ts";
import { type Desk, h } from "./dom.ts";
import { face } from "./drawings/faces.ts";
import { keepFonts } from "./fonts.ts";
import { listen, post } from "./link.ts";
import { tellTouches } from "./touches.ts";
import { type Drawn, drawView, type Kept } from "./views/index.ts";
import { WORDS } from "./words.ts";

/** After this long without an answer, the person may press again. */
const RELEASE_MS = 5_000;

const root = document.documentElement;
const screen = document.getElementById("screen") as HTMLElement;
const spoken = document.getElementById("spoken") as HTMLElement;

let shown: ScreenModel | undefined;
let choosingLanguage = false;
let strokes: Drawn["strokes"];
/** The screen over which a question lies, with what is typed or signed on it; gone with whatever else is shown. */
let aside: { view: View; kept: Kept } | undefined;
/** Set from a press until the next model: nothing else is sent. */
let busy = false;
let release: number | undefined;

function setBusy(now: boolean, source?: HTMLElement): void {
  busy = now;
  clearTimeout(release);
  if (now) release = window.setTimeout(() => setBusy(false), RELEASE_MS);
  root.toggleAttribute("data-busy", now);
  source?.toggleAttribute("data-pressed", true);
  for (const element of screen.querySelectorAll("button")) {
    if (now && !element.disabled) {
      element.disabled = true;
      element.toggleAttribute("data-held", true);
    } else if (!now && element.hasAttribute("data-held")) {
      element.disabled = false;
      element.removeAttribute("data-held");
      element.removeAttribute("data-pressed");
    }
  }
}

function send(input: Input, source?: HTMLElement): void {
  if (busy || !shown) return;
  const { seq } = shown;
  setBusy(true, source);
  void post(seq, input).then((accepted) => {
    if (!accepted && shown?.seq === seq) setBusy(false);
  });
}

/** Whether a view is a question over a screen that comes back. */
const isOver = (view: View): boolean => view.kind === "message" && view.over === true;

/** What is typed or signed now. */
const keptNow = (): Kept => ({
  strokes: strokes?.(),
  typed:
    screen.querySelector<HTMLInputElement>("input.field")?.value ??
    screen.querySelector<HTMLElement>("[data-typed]")?.dataset.typed,
});

/**
 * What is typed or signed survives a drawing of the same screen and a question over it, unless the core has set another
 * value or error.
 */
function keptFrom({ view: now }: ScreenModel): Kept {
  const last = aside ?? (shown && { view: shown.view, kept: keptNow() });
  aside = isOver(now) ? last : undefined;
  const before = last?.view;
  if (now.kind === "sign" && before?.kind === "sign" && now.error === before.error)
    return { strokes: last?.kept.strokes };
  if (now.kind !== "entry" || before?.kind !== "entry") return {};
  if (now.field !== before.field || now.value !== before.value) return {};
  return { typed: last?.kept.typed };
}

/** A selector for the element that has the focus, to find its successor. */
function focusMark(): string | undefined {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || !screen.contains(element)) return undefined;
  const named = Object.entries(element.dataset).find(([name]) => name !== "held" && name !== "pressed");
  if (!named) return undefined;
  const attribute = `data-${named[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return `[${attribute}="${CSS.escape(named[1] ?? "")}"]`;
}

function draw(model: ScreenModel): void {
  const words = WORDS[model.language];
  const desk: Desk = { send, language: model.language, words };
  const kept = keptFrom(model);
  const place = (of: ScreenModel) =>
    `${of.view.kind}|${of.view.kind === "entry" ? of.view.field : of.view.title}`;
  const same = shown !== undefined && place(shown) === place(model);
  const focused = focusMark();
  const caret = screen.querySelector<HTMLInputElement>("input.field")?.selectionStart ?? undefined;
  const scrolled = screen.querySelector(".scroll")?.scrollTop ?? 0;
  const images = new Map<string, Element>();
  for (const image of screen.querySelectorAll("[data-keep]")) {
    images.set(image.getAttribute("data-keep") ?? "", image);
  }

  root.lang = words.tag;
  shown = model;
  setBusy(false);
  const drawn = drawView(model.view, desk, kept);
  strokes = drawn.strokes;
  const title = h("h1", { tabindex: -1 }, drawn.title);
  const say = h(
    "div",
    { class: "say" },
    h("div", { class: "title" }, drawn.face ? face(drawn.face) : undefined, title),
    drawn.body ? h("p", { class: "body" }, drawn.body) : undefined,
  );
  const stage = h(
    "div",
    { class: "stage" },
    masthead(model.chrome),
    say,
    drawn.figure ? h("div", { class: "figure" }, drawn.figure) : undefined,
  );
  const sheet = h("div", { class: "sheet" }, ...drawn.sheet);
  const main = h("main", { "data-view": model.view.kind, "data-seq": model.seq }, stage, sheet);
  if (drawn.face) main.dataset.face = drawn.face;
  const foot = dock(model, desk, () => {
    choosingLanguage = true;
    draw(model);
  });
  if (model.view.kind === "attract") {
    sheet.append(languageButtons(model, desk));
    // A touch anywhere begins, except on the things that have a meaning of their own.
    main.addEventListener("click", (event) => {
      if (!(event.target as Element).closest("button")) send({ type: "action", id: "begin" });
    });
  }
  const overlay = overlayOf(model, desk);
  main.inert = overlay !== undefined;
  screen.replaceChildren(main, foot, ...(overlay ? [overlay] : []));
  for (const image of screen.querySelectorAll("[data-keep]")) {
    const key = image.getAttribute("data-keep") ?? "";
    const old = images.get(key);
    if (old && old.className === image.className) {
      image.replaceWith(old);
      images.set(key, image);
    }
  }
  images.forEach(letGo);
  if (spoken.textContent !== model.spoken) spoken.textContent = model.spoken;
  document.title = drawn.title;

  if (same) {
    const scroll = screen.querySelector(".scroll");
    if (scroll) scroll.scrollTop = scrolled;
  }
  const again = same && focused ? screen.querySelector<HTMLElement>(focused) : null;
  if (overlay) overlay.querySelector<HTMLElement>("button")?.focus({ preventScroll: true });
  else (again ?? drawn.focus ?? title).focus({ preventScroll: true });
  const input = screen.querySelector<HTMLInputElement>("input.field");
  if (input) {
    const end = kept.typed !== undefined && caret !== undefined ? caret : input.value.length;
    input.setSelectionRange(end, end);
  }
}

/** A live view outside of the page would load on until it is collected, and take a connection from the inputs. */
function letGo(image: Element): void {
  image.removeAttribute("src");
}

function overlayOf(model: ScreenModel, desk: Desk): HTMLElement | undefined {
  if (model.chrome.timeout) return timeoutSheet(model.chrome.timeout, desk);
  if (model.chrome.help) return helpSheet(model.chrome.help, desk);
  if (!choosingLanguage) return undefined;
  return languageSheet(model, desk, () => {
    choosingLanguage = false;
    draw(model);
  });
}

/** The core is away: nothing of the person stays on the screen, and a calm face says so. */
function lost(): void {
  const words = WORDS[shown?.language ?? "en"];
  shown = undefined;
  strokes = undefined;
  aside = undefined;
  choosingLanguage = false;
  setBusy(false);
  spoken.textContent = words.moment;
  document.title = words.moment;
  screen.querySelectorAll("[data-keep]").forEach(letGo);
  screen.replaceChildren(
    h("main", { class: "moment", "data-view": "moment" }, face("working"), h("h1", {}, words.moment)),
  );
}

const density = Number(document.querySelector<HTMLMetaElement>('meta[name="px-per-mm"]')?.content);
if (density > 0) root.style.setProperty("--px-per-mm", String(density));
document.addEventListener("contextmenu", (event) => event.preventDefault());
// The sheet that asks whether somebody is there is answered by its button: were it taken away under the finger, the press
// would go to what lies below.
tellTouches(() =>
  shown === undefined || shown.view.kind === "attract" || shown.chrome.timeout ? undefined : shown.seq,
);
keepFonts();
lost();
listen({
  model: (model) => {
    const left = shown && (model.view.kind !== shown.view.kind || isOver(model.view) !== isOver(shown.view));
    if (left) choosingLanguage = false;
    draw(model);
  },
  lost,
});
