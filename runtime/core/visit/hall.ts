import type { Language, Words } from "../../../flows/index.ts";
import type { HoursState, Offer } from "../health/index.ts";
import type { Chrome, Option, ScreenModel, View } from "../screen/model.ts";
import type { LoadedService } from "./services.ts";

/** What is shown while nobody has chosen a service. */
export interface Hall {
  words: Words;
  language: Language;
  hours: HoursState;
  services: { loaded: LoadedService; offer: Offer }[];
}

/** At rest: what can be done here, and when. */
export function attractView(hall: Hall): View {
  const { text } = hall.words;
  const open = hall.services.some(({ offer }) => offer.offered);
  return {
    kind: "attract",
    title: text("attract.title"),
    body: open ? text("attract.body") : closedText(hall),
    begin: text("attract.begin"),
    services: optionsOf(hall),
  };
}

/** The list of services, with what is missing for each. */
export const pickView = (hall: Hall): View => ({
  kind: "choose",
  title: hall.words.text("pick.title"),
  options: optionsOf(hall),
});

const optionsOf = ({ words, language, services }: Hall): Option[] =>
  services.map(({ loaded, offer }) => {
    const { text } = loaded.words[language];
    return {
      id: loaded.service.id,
      label: text("service.title"),
      detail: text("service.detail"),
      picture: loaded.service.picture,
      ...(offer.offered ? {} : { unavailable: words.text(reasonOf(offer)) }),
    };
  });

function reasonOf({ missing }: Offer): string {
  if (missing.includes("hours.closed")) return "missing.hours";
  return missing.includes("store") || missing.includes("space") ? "missing.store" : "missing.device";
}

function closedText({ words, language, hours }: Hall): string {
  if (hours.state !== "closed") return words.text("attract.out");
  if (!hours.opens) return words.text("attract.closedOnly");
  const date = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
    weekday: "long",
    day: "numeric",
    month: "long",
    timeZone: "UTC",
  }).format(new Date(`${hours.opens.date}T12:00:00Z`));
  return words.text("attract.closed", { date, time: hours.opens.time });
}

/** What speech says of a screen: the sheet that lies over it, then the texts of the view, then what can be chosen. */
export function spokenOf(view: View, { timeout, help }: Pick<Chrome, "timeout" | "help">): string {
  const parts: (string | undefined)[] = [timeout?.title, timeout?.more, help?.title, help?.body, view.title];
  if ("body" in view) parts.push(view.body);
  if ("paragraphs" in view) parts.push(...view.paragraphs);
  if ("hint" in view) parts.push(view.hint);
  if ("advice" in view) parts.push(...[view.advice ?? []].flat());
  if ("error" in view) parts.push(view.error);
  if (view.kind === "choose")
    parts.push(
      ...view.options.map(
        (option) => `${option.label}${option.unavailable ? `: ${option.unavailable}` : ""}`,
      ),
    );
  if (view.kind === "review") parts.push(...view.rows.map(({ label, value }) => `${label}: ${value}`));
  if (view.kind === "receipt") parts.push(view.referenceLabel, [...view.reference].join(" "), ...view.lines);
  return parts.filter((part) => part).join(" ");
}

/**
 * What tells one model from another. The page counts the seconds by itself: a screen that is drawn anew with each of them
 * cannot be listened to.
 */
export function looksOf(model: ScreenModel): string {
  const { timeout } = model.chrome;
  const chrome = { ...model.chrome, ...(timeout ? { timeout: { ...timeout, seconds: 0 } } : {}) };
  return JSON.stringify({ ...model, chrome, seq: 0 });
}
