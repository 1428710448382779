import type { Clock } from "../../../drivers/kit/index.ts";
import {
  type Condition,
  conditionCompiler,
  LANGUAGES,
  type Language,
  type VisitOutcome,
  type Words,
} from "../../../flows/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Needs, Offer } from "../health/index.ts";
import type { Chrome, Input, ScreenModel, View } from "../screen/model.ts";
import { stickView } from "../stick/index.ts";
import { note } from "../store/index.ts";
import { log } from "./events.ts";
import { attractView, looksOf, pickView, spokenOf } from "./hall.ts";
import type { LoadedService, ServiceBook } from "./services.ts";
import { GRACE_S, Visit } from "./visit.ts";

const NAMES: Record<Language, string> = { en: "English", "zh-Hant": "繁體中文", "zh-Hans": "简体中文" };
/**
 * Without a touch for this long the list of services asks whether somebody is there, and goes back to rest soon after; at
 * rest, what one person did to the screen is not left to the next, ms.
 */
const IDLE_MS = 60_000;
/** How long a page waits for what its input leads to before it gets the same screen again, ms. */
const OWED_MS = 200;
/** Inputs that do the same however often they come, so that they may answer a screen that has just been replaced. */
const HARMLESS: ReadonlySet<Input["type"]> = new Set(["language", "help", "closeHelp"]);

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
  readonly #stopped = new AbortController();
  #state: "rest" | "pick" | "visit" = "rest";
  #visit: Visit | undefined;
  #language: Language = LANGUAGES[0];
  #seq = 0;
  /**
   * The oldest model that an input may answer: the one at which something else than a countdown has changed in a visit, or
   * the first of this rest or list. There, a service that comes or goes does not take away the press on its way.
   */
  #validFrom = 0;
  #drawnState: "rest" | "pick" | "visit" | undefined;
  #drawing = false;
  /** Whether the next model is sent even when it looks the same: the page waits for an answer to its input. */
  #owed: AbortController | undefined;
  #changed = false;
  #shown = "";
  #touchedAt = 0;
  #staffHere = false;
  #help = false;
  #conditions: ((source: string) => Condition) | undefined;
  #running: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    const { office, configuration } = options;
    office.health.events.on("changed", () => this.#state !== "visit" && this.#draw());
    office.stick.events.on("changed", () => this.#state !== "visit" && this.#draw());
    const staff = (here: boolean): void => {
      this.#staffHere = here;
      if (this.#state !== "visit") this.#draw();
    };
    office.devices.onVault(
      "input",
      ({ role, active }) => role === configuration.serviceSwitch && staff(active),
    );
    // The vault may have been there before, or been away while somebody turned the switch.
    for (const event of ["connected", "gone"] as const)
      office.devices.events.on(event, (side) => side === "vault" && staff(office.devices.serviceSwitch));
    this.#staffHere = office.devices.serviceSwitch;
    office.devices.events.on("connected", (side) => side === "vault" && this.#endLeftExchange());
    this.#endLeftExchange();
  }

  /** Where the unit is with people, for machines. */
  get state(): "rest" | "pick" | "visit" {
    return this.#state;
  }

  start(): void {
    this.#watching = this.#watch();
    this.#draw();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#owed?.abort();
    this.#visit?.stop();
    await this.#watching;
    const timer = new AbortController();
    await Promise.race([this.#running, this.#options.clock.sleep(4_000, timer.signal)]);
    timer.abort();
  }

  /** The whole current model, for a page that has just connected. */
  model = (): ScreenModel => this.#model();

  /**
   * An input that answers model `seq`. Each model takes one input: a second press, or one that answers an older screen, is
   * dropped.
   */
  input(seq: number, input: Input): void {
    if (input.type === "more") return this.#touched(seq);
    const current = seq >= this.#validFrom && seq <= this.#seq;
    if (!current && !(HARMLESS.has(input.type) && seq <= this.#seq)) return;
    if (!HARMLESS.has(input.type)) this.#validFrom = this.#seq + 1;
    this.#owed?.abort();
    const owed = new AbortController();
    this.#owed = owed;
    // What the input leads to is drawn at once; when it leads to nothing, the same screen takes the next one.
    void this.#options.clock.sleep(OWED_MS, owed.signal).then(() => this.#owed === owed && this.#draw());
    if (this.#visit) return this.#visit.input(input);
    if (this.#state === "visit") return;
    this.#touchedAt = this.#options.clock.mono();
    if (input.type === "language") this.#language = input.id;
    if (input.type === "help") this.#help = true;
    if (input.type === "closeHelp") this.#help = false;
    if (HARMLESS.has(input.type)) this.#draw();
    if (input.type === "action" && input.id === "begin" && this.#state === "rest") {
      this.#state = "pick";
      this.#draw();
    }
    if (input.type === "back" || input.type === "stop") return this.#rest();
    if (input.type === "choose" && this.#state === "pick") {
      const loaded = this.#options.book.services.find(({ service }) => service.id === input.id);
      if (loaded && this.#canOffer(loaded).offered && this.#visible(loaded))
        this.#running = this.#receive(loaded);
    }
  }

  /** A touch that is no answer: it takes no other input's place or answer, whichever of them comes first. */
  #touched(seq: number): void {
    if (seq > this.#seq) return;
    this.#touchedAt = this.#options.clock.mono();
    if (this.#visit) this.#visit.input({ type: "more" });
    else this.#draw("countdown");
  }

  async #receive(loaded: LoadedService): Promise<void> {
    const { office, clock, configuration, book, putPicture, forgetPictures } = this.#options;
    this.#state = "visit";
    this.#help = false;
    this.#draw();
    const service = loaded.service.id;
    const began = clock.mono();
    const journal = (event: string, visit: Visit, extra: Record<string, string | number> = {}) =>
      note(office.store, clock, event, {
        visit: visit.id,
        service,
        version: loaded.service.version,
        // Names exactly the texts that were shown, for a complaint years later.
        texts: loaded.textsHash,
        language: visit.language,
        ...extra,
      });
    const visit = new Visit({
      loaded,
      office,
      clock,
      language: this.#language,
      conditions: (source) => {
        if (!this.#conditions) throw new TypeError("conditions before they are loaded");
        return this.#conditions(source);
      },
      idleS: configuration.screen.idleS,
      day: new Intl.DateTimeFormat("en-CA", { timeZone: configuration.hours.zone }).format(clock.wall()),
      draw: (countdown) => this.#draw(countdown),
      putPicture,
      note: journal,
    });
    let outcome: VisitOutcome = "failedDevice";
    try {
      this.#conditions ??= await conditionCompiler();
      await book.formatterLoaded();
      log("begun", { visit: visit.id, service });
      this.#visit = visit;
      this.#draw();
      outcome = await visit.run();
    } catch (error) {
      log("broken", { visit: visit.id, service }, error);
    }
    forgetPictures();
    const seconds = Math.round((clock.mono() - began) / 1000);
    log("ended", { visit: visit.id, service, outcome, seconds });
    office.telemetry.count(`kiosk.visit.${outcome}`);
    this.#visit = undefined;
    this.#rest();
    this.#endLeftExchange();
    await journal("visit.ended", visit, { outcome, seconds }).catch(() => undefined);
  }

  /**
   * An exchange that is open while nobody is in a visit was left by a core or a connection that ended in its middle: nothing
   * is handed out until it ends. A door that staff have open still ends its motion first.
   */
  #endLeftExchange(): void {
    const { devices } = this.#options.office;
    const { exchange } = devices;
    if (!exchange || this.#state === "visit") return;
    devices.exchange = undefined;
    log("exchangeLeft", { exchange });
    void devices.vault("exchange.end", { exchange });
  }

  async #watch(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const left = this.#secondsLeft();
      if (this.#state === "pick" && left <= 0) this.#rest();
      else if (this.#state === "pick" && left <= GRACE_S) this.#draw("countdown");
      const touched = this.#help || this.#language !== LANGUAGES[0];
      if (this.#state === "rest" && touched && left <= GRACE_S) this.#rest();
      await clock.sleep(1_000, signal);
    }
  }

  /** Seconds until what was touched last counts no more, outside of a visit. */
  #secondsLeft = (): number =>
    Math.ceil(GRACE_S + (IDLE_MS - (this.#options.clock.mono() - this.#touchedAt)) / 1000);

  #rest(): void {
    this.#state = "rest";
    this.#help = false;
    this.#language = LANGUAGES[0];
    this.#draw();
  }

  #canOffer = (loaded: LoadedService): Offer => this.#options.office.health.offers(needsOf(loaded));
  /** Staff services are shown only while staff have turned their switch. */
  #visible = ({ service }: LoadedService): boolean => service.staff !== true || this.#staffHere;

  /** Gathers the changes of one turn into one model; one that shows nothing new is not sent. */
  #draw(countdown?: "countdown"): void {
    this.#changed ||= countdown === undefined;
    if (this.#drawing) return;
    this.#drawing = true;
    queueMicrotask(() => {
      this.#drawing = false;
      const shown = looksOf(this.#model());
      const changed = this.#changed;
      this.#changed = false;
      if (shown === this.#shown && !(changed && this.#owed)) return;
      this.#shown = shown;
      this.#owed?.abort();
      this.#owed = undefined;
      this.#seq++;
      if (changed && (this.#state === "visit" || this.#state !== this.#drawnState))
        this.#validFrom = this.#seq;
      this.#drawnState = this.#state;
      this.#options.onModel(this.#model());
    });
  }

  #model(): ScreenModel {
    const visit = this.#visit;
    const view = visit ? visit.view() : this.#ownView();
    const chrome = visit ? visit.chrome() : this.#chrome();
    const spoken = visit?.spoken() ?? { view, chrome };
    return {
      seq: this.#seq,
      language: visit?.language ?? this.#language,
      languages: LANGUAGES.map((id) => ({ id, label: NAMES[id] })),
      chrome,
      view,
      spoken: spokenOf(spoken.view, spoken.chrome),
    };
  }

  #words = (): Words => this.#options.book.words[this.#language];

  #chrome(): Chrome {
    const { text } = this.#words();
    const picking = this.#state === "pick";
    const left = this.#secondsLeft();
    return {
      can: { back: picking, help: true, stop: picking, language: true },
      labels: {
        back: text("ui.back"),
        help: text("ui.help"),
        stop: text("ui.stop"),
        language: text("ui.language"),
      },
      ...(picking && left <= GRACE_S
        ? { timeout: { seconds: Math.max(0, left), title: text("idle.title"), more: text("idle.more") } }
        : {}),
      ...(this.#help
        ? { help: { title: text("help.title"), body: text("help.body"), close: text("ui.close") } }
        : {}),
    };
  }

  #ownView(): View {
    const words = this.#words();
    if (this.#state === "visit") return { kind: "wait", title: words.text("ui.wait"), body: "" };
    const notice = this.#options.office.stick.current;
    if (notice) return stickView(notice, this.#language);
    const hall = {
      words,
      language: this.#language,
      hours: this.#options.office.health.hours(),
      services: this.#options.book.services
        .filter(this.#visible)
        .map((loaded) => ({ loaded, offer: this.#canOffer(loaded) })),
    };
    return this.#state === "pick" ? pickView(hall) : attractView(hall);
  }
}
