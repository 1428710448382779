import { type Clock, defineEvents, sha256Hex } from "../../../drivers/kit/index.ts";
import {
  type Condition,
  conditionCompiler,
  LANGUAGES,
  type Language,
  type Words,
} from "../../../flows/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Needs, Offer } from "../health/index.ts";
import type { Chrome, Input, Option, ScreenModel, View } from "../screen/model.ts";
import { note } from "../store/index.ts";
import type { LoadedService, ServiceBook } from "./services.ts";
import { Visit } from "./visit.ts";

const log = defineEvents("visit", {
  begun: { level: "info", what: "A visit has begun", fields: ["visit", "service"] },
  ended: {
    level: "info",
    what: "A visit has ended and its data was wiped",
    fields: ["visit", "service", "outcome", "seconds"],
  },
  broken: {
    level: "error",
    what: "A visit ended by a defect; its data was wiped",
    fields: ["visit", "service"],
  },
});

const NAMES: Record<Language, string> = { en: "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文" };
/** On the list of services without a choice for this long, the unit goes back to rest, ms. */
const PICK_MS = 60_000;

export interface ReceptionOptions {
  configuration: UnitConfiguration;
  book: ServiceBook;
  office: BackOffice;
  clock: Clock;
  /** Takes each new model. */
  onModel: (model: ScreenModel) => void;
  /** Keeps a captured picture for the page; all are forgotten by `forgetPictures`. */
  putPicture: (jpeg: Uint8Array) => string;
  forgetPictures: () => void;
}

/** What a service needs of the unit. */
export const needsOf = ({ service }: LoadedService): Needs => ({
  role: service.role,
  devices: service.needs.map(({ role, grade }) => ({ role, ...(grade ? { grade } : {}) })),
  ...(service.staff ? { always: true } : {}),
});

/** Offers of all services now, for telemetry and the health page. */
export const offersOf = (book: ServiceBook, office: BackOffice): Record<string, Offer> =>
  Object.fromEntries(
    book.services.map((loaded) => [loaded.service.id, office.health.offers(needsOf(loaded))]),
  );

/** Receives people one after the other: rest, the list of services, a visit, rest again. */
export class Reception {
  readonly #options: ReceptionOptions;
  #state: "rest" | "pick" | "visit" = "rest";
  #visit: Visit | undefined;
  #language: Language = "en";
  #seq = 0;
  #drawing = false;
  #pickedAt = 0;
  #staffHere = false;
  #help = false;
  #conditions: ((source: string) => Condition) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    const { office, configuration } = options;
    this.#language = LANGUAGES[0];
    office.health.events.on("changed", () => this.#state !== "visit" && this.#draw());
    office.devices.onVault("input", ({ role, active }) => {
      if (role !== configuration.serviceSwitch) return;
      this.#staffHere = active;
      if (this.#state !== "visit") this.#draw();
    });
  }

  start(): void {
    this.#timer = setInterval(() => {
      const { clock } = this.#options;
      if (this.#state === "pick" && clock.mono() - this.#pickedAt > PICK_MS) this.#rest();
    }, 1_000);
    this.#timer.unref();
    this.#draw();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#visit?.input({ type: "stop" });
    this.#visit?.input({ type: "action", id: "stop.yes" });
    await Promise.race([this.#running, this.#options.clock.sleep(2_000)]);
  }

  /** The whole current model, for a page that has just connected. */
  model = (): ScreenModel => this.#model();

  /** An input that answers model `seq`; one that answers an older model is dropped. */
  input(seq: number, input: Input): void {
    if (seq !== this.#seq) return;
    if (this.#visit) {
      this.#visit.input(input);
      return;
    }
    if (input.type === "language") this.#language = input.id;
    if (input.type === "help") this.#help = true;
    if (input.type === "closeHelp") this.#help = false;
    this.#pickedAt = this.#options.clock.mono();
    if (input.type === "action" && input.id === "begin") this.#state = "pick";
    if (input.type === "back" || input.type === "stop") return this.#rest();
    if (input.type === "choose") {
      const loaded = this.#options.book.services.find(({ service }) => service.id === input.id);
      if (loaded && this.#canOffer(loaded).offered && this.#visible(loaded)) {
        this.#running = this.#receive(loaded);
        return;
      }
    }
    this.#draw();
  }

  async #receive(loaded: LoadedService): Promise<void> {
    const { office, clock, configuration, putPicture, forgetPictures } = this.#options;
    this.#conditions ??= await conditionCompiler();
    const visit = new Visit({
      loaded,
      office,
      clock,
      language: this.#language,
      conditions: this.#conditions,
      idleS: configuration.screen.idleS,
      draw: () => this.#draw(),
      putPicture,
    });
    this.#visit = visit;
    this.#state = "visit";
    this.#help = false;
    const service = loaded.service.id;
    const began = clock.mono();
    log("begun", { visit: visit.id, service });
    await note(office.store, clock, "visit.begun", {
      visit: visit.id,
      service,
      version: loaded.service.version,
      texts: textsHash(loaded),
    });
    this.#draw();
    const outcome = await visit.run().catch((error: unknown) => {
      log("broken", { visit: visit.id, service }, error);
      return "failedDevice" as const;
    });
    forgetPictures();
    const seconds = Math.round((clock.mono() - began) / 1000);
    log("ended", { visit: visit.id, service, outcome, seconds });
    office.telemetry.count(`kiosk.visit.${outcome}`);
    this.#visit = undefined;
    this.#rest();
    await note(office.store, clock, "visit.ended", { visit: visit.id, service, outcome, seconds }).catch(
      () => undefined,
    );
  }

  #rest(): void {
    this.#state = "rest";
    this.#help = false;
    this.#language = LANGUAGES[0];
    this.#draw();
  }

  #canOffer = (loaded: LoadedService): Offer => this.#options.office.health.offers(needsOf(loaded));
  /** Staff services are shown only while staff have turned their switch. */
  #visible = ({ service }: LoadedService): boolean => service.staff !== true || this.#staffHere;

  /** Gathers the changes of one turn into one model. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      this.#seq++;
      this.#options.onModel(this.#model());
    });
  }

  #model(): ScreenModel {
    const visit = this.#visit;
    const language = visit?.language ?? this.#language;
    const view = visit ? visit.view() : this.#ownView();
    return {
      seq: this.#seq,
      language,
      languages: LANGUAGES.map((id) => ({ id, label: NAMES[id] })),
      chrome: visit ? visit.chrome() : this.#chrome(),
      view,
      spoken: spokenOf(view),
    };
  }

  #words = (): Words => this.#options.book.words[this.#language];

  #chrome(): Chrome {
    const { text } = this.#words();
    const picking = this.#state === "pick";
    return {
      can: { back: picking, help: true, stop: picking, language: true },
      labels: {
        back: text("ui.back"),
        help: text("ui.help"),
        stop: text("ui.stop"),
        language: text("ui.language"),
      },
      ...(this.#help
        ? { help: { title: text("help.title"), body: text("help.body"), close: text("ui.close") } }
        : {}),
    };
  }

  #ownView(): View {
    const { text } = this.#words();
    const options = this.#options.book.services.filter(this.#visible).map((loaded) => this.#option(loaded));
    if (this.#state === "pick") return { kind: "choose", title: text("pick.title"), options };
    const open = options.some((option) => option.unavailable === undefined);
    return {
      kind: "attract",
      title: text("attract.title"),
      body: open ? text("attract.body") : this.#closedText(),
      begin: text("attract.begin"),
      services: options,
    };
  }

  #option(loaded: LoadedService): Option {
    const words = loaded.words[this.#language];
    const { missing } = this.#canOffer(loaded);
    const reason = missing.includes("hours.closed")
      ? "missing.hours"
      : missing.includes("store")
        ? "missing.store"
        : "missing.device";
    return {
      id: loaded.service.id,
      label: words.text("service.title"),
      detail: words.text("service.detail"),
      picture: loaded.service.picture,
      ...(missing.length > 0 ? { unavailable: this.#words().text(reason) } : {}),
    };
  }

  #closedText(): string {
    const { text } = this.#words();
    const hours = this.#options.office.health.hours();
    if (hours.state !== "closed") return text("attract.out");
    if (!hours.opens) return text("attract.closedOnly");
    const date = new Date(`${hours.opens.date}T12:00:00Z`);
    const day = new Intl.DateTimeFormat(this.#language === "en" ? "en-GB" : this.#language, {
      weekday: "long",
      day: "numeric",
      month: "long",
      timeZone: "UTC",
    }).format(date);
    return text("attract.closed", { date: day, time: hours.opens.time });
  }
}

/** What speech says: title, body and advice of the view, in this order. */
function spokenOf(view: View): string {
  const parts: (string | undefined)[] = [view.title];
  if ("body" in view) parts.push(view.body);
  if ("paragraphs" in view) parts.push(...view.paragraphs);
  if ("hint" in view) parts.push(view.hint);
  if ("advice" in view) parts.push(...[view.advice ?? []].flat());
  if ("error" in view) parts.push(view.error);
  return parts.filter((part) => part).join(" ");
}

/** Names exactly the texts that were shown, for a complaint years later. */
function textsHash(loaded: LoadedService): string {
  const { service, words } = loaded;
  const shown = service.steps.flatMap((step) =>
    LANGUAGES.flatMap((language) =>
      [`${step.id}.title`, `${step.id}.1`, `${step.id}.2`, `${step.id}.3`, `${step.id}.4`].map((key) =>
        words[language].text(key),
      ),
    ),
  );
  return sha256Hex(JSON.stringify(shown)).slice(0, 16);
}
