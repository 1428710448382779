import { type Clock, defer, isFault, newId } from "../../../drivers/kit/index.ts";
import {
  type Condition,
  compile,
  editableOf,
  type FlowEvent,
  factsOn,
  fieldOf,
  type Language,
  progressOf,
  type Step,
  type VisitOutcome,
  type Words,
} from "../../../flows/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Chrome, Input, View } from "../screen/model.ts";
import { type StepContext, StepLeft, type StepResult } from "./context.ts";
import { log } from "./events.ts";
import { sayEnd, showFailure } from "./failure.ts";
import { type Flow, openFlow } from "./flow.ts";
import { Folder } from "./folder.ts";
import { Presence } from "./presence.ts";
import type { LoadedService } from "./services.ts";
import { runStep } from "./steps/index.ts";

export interface VisitOptions {
  loaded: LoadedService;
  office: BackOffice;
  clock: Clock;
  language: Language;
  conditions: (source: string) => Condition;
  idleS: number;
  /** Today in the unit's zone, `YYYY-MM-DD`. */
  day: string;
  /** Draws; called at each change. `countdown` when only the time that is left has changed. */
  draw: (countdown?: "countdown") => void;
  putPicture: (jpeg: Uint8Array) => string;
  note: (event: string, visit: Visit) => Promise<void>;
}

/** Time in which a person can answer the question whether somebody is there, s. */
export const GRACE_S = 20;
const TICK_MS = 500;
/** Longest that the end of a step or visit waits for the senses to have cleaned up, ms; they do it by themselves too. */
const CLEAN_MS = 3_000;

/** One person's run through one service. Its data ends with it. */
export class Visit {
  readonly id = newId();
  readonly #options: VisitOptions;
  readonly #folder = new Folder();
  readonly #ended = new AbortController();
  readonly #editable: ReadonlyMap<string, string>;
  readonly #facts: Readonly<Record<string, string | number>>;
  #view: () => View;
  #waiting: { types: readonly string[]; resolve(input: Input): void } | undefined;
  #leave = defer<never>();
  #step: Step | undefined;
  #stopAsked = false;
  #helpOpen = false;
  #committed = 0;
  #speaking = false;
  readonly #presence: Presence;
  #canBack = false;
  #begun = false;
  #answers: Record<string, unknown> = {};
  language: Language;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.language = options.language;
    this.#presence = new Presence(options.clock);
    this.#editable = editableOf(options.loaded.service);
    this.#facts = factsOn(options.loaded.service, options.day);
    this.#view = () => ({ kind: "wait", title: this.#words().text("ui.wait"), body: "" });
  }

  /** Runs to its end, its beginning noted first. Everything captured is wiped when this resolves. */
  async run(): Promise<VisitOutcome> {
    const { loaded, conditions } = this.#options;
    const flow = await openFlow(compile(loaded.service), conditions);
    const ticking = this.#tick();
    try {
      for (;;) {
        const at = flow.state();
        const step = loaded.service.steps.find((own) => own.id === at);
        if (!step) return this.#folder.handedOver > 0 ? "handedOver" : (at as VisitOutcome);
        this.#answers = flow.answers();
        this.#canBack = flow.can({ type: "BACK" });
        flow.send(eventOf(await this.#runOne(step, flow)));
      }
    } finally {
      this.#ended.abort();
      this.#leave.promise.catch(() => undefined);
      this.#folder.wipe();
      this.#answers = {};
      this.#presence.forget();
      this.#view = () => ({ kind: "wait", title: this.#words().text("ui.wait"), body: "" });
      flow.stop();
      await ticking;
      await this.#clean(this.#options.office.devices.senses("visit.clear", {}));
    }
  }

  /** Ends the visit as if the person had stopped it; what cannot be left is done first. */
  stop(): void {
    this.#left("stop");
  }

  /** An input of the page, already checked and for the current model. */
  input(input: Input): void {
    this.#presence.touch();
    switch (input.type) {
      case "language":
        this.language = input.id;
        break;
      case "help":
        this.#helpOpen = true;
        break;
      case "closeHelp":
        this.#helpOpen = false;
        break;
      case "more":
        // Only the time has changed: an input that is on its way answers the same screen.
        return this.#options.draw("countdown");
      case "stop":
        if (this.#committed > 0) break;
        // With the receipt everything is done: there is nothing to lose by leaving.
        if (this.#folder.submitted) return this.#left("stop");
        // The question lies below an open help sheet, and could not be touched there.
        this.#helpOpen = false;
        this.#stopAsked = true;
        break;
      case "back":
        if (this.#stopAsked) this.#stopAsked = false;
        else if (this.#canBack) return this.#left("back");
        break;
      default:
        if (!this.#stopAsked) return this.#give(input);
        if (input.type !== "action") return;
        this.#stopAsked = false;
        if (input.id === "stop.yes") return this.#left("stop");
    }
    this.#options.draw();
  }

  /** What to draw now. */
  view(): View {
    if (!this.#stopAsked) return this.#view();
    const { text } = this.#words();
    return {
      kind: "message",
      face: "waiting",
      over: true,
      title: text("stop.title"),
      body: text("stop.body"),
      actions: [
        { id: "stop.no", label: text("stop.no") },
        { id: "stop.yes", label: text("stop.yes") },
      ],
    };
  }

  /** The same with the words that speech uses. */
  spoken(): { view: View; chrome: Chrome } {
    this.#speaking = true;
    try {
      return { view: this.view(), chrome: this.chrome() };
    } finally {
      this.#speaking = false;
    }
  }

  chrome(): Chrome {
    const { text } = this.#words();
    const { service } = this.#options.loaded;
    const progress = this.#step ? progressOf(service, this.#step.id) : undefined;
    const left = this.#secondsLeft();
    const help = this.#helpOpen
      ? { title: text("help.title"), body: this.#helpText(), close: text("ui.close") }
      : undefined;
    const stop = !this.#stopAsked && this.#committed === 0;
    return {
      service: text("service.title"),
      ...(progress ? { progress: { ...progress, label: text("ui.step", progress) } } : {}),
      can: { back: this.#canBack || this.#stopAsked, help: true, stop, language: true },
      labels: {
        back: text("ui.back"),
        help: text("ui.help"),
        stop: text("ui.stop"),
        language: text("ui.language"),
      },
      ...(left !== undefined && left <= GRACE_S
        ? { timeout: { seconds: Math.max(0, left), title: text("idle.title"), more: text("idle.more") } }
        : {}),
      ...(help ? { help } : {}),
    };
  }

  #words = (): Words => {
    const words = this.#options.loaded.words[this.language];
    const say = this.#speaking ? words.spoken : words.text;
    return { ...words, text: (key, values = {}) => say(key, { ...this.#facts, ...values }) };
  };

  #helpText(): string {
    const own = this.#step ? `${this.#step.id}.help` : "";
    return this.#words().text(own && this.#words().has(own) ? own : "help.body");
  }

  async #runOne(step: Step, flow: Flow): Promise<StepResult> {
    const { office } = this.#options;
    this.#step = step;
    this.#helpOpen = false;
    this.#leave = defer<never>();
    this.#leave.promise.catch(() => undefined);
    const session = newId();
    const context = this.#context(step, flow, session);
    try {
      if (!this.#begun) await context.wait(this.#options.note("visit.begun", this));
      this.#begun = true;
      return await runStep(context);
    } catch (error) {
      if (error instanceof StepLeft) {
        if (error.way === "back") return { to: "back" };
        const done = this.#folder.submitted !== undefined;
        return { to: "end", outcome: done ? "completed" : error.way === "stop" ? "abandoned" : "expired" };
      }
      if (!isFault(error)) throw error;
      const service = this.#options.loaded.service.id;
      log("stepFailed", { visit: this.id, service, step: step.id }, error);
      this.#stopAsked = false;
      this.#canBack = false;
      await sayEnd(context, error);
      return { to: "end", outcome: "failedDevice" };
    } finally {
      this.#waiting = undefined;
      await this.#clean(office.devices.senses("cancel", { session }));
    }
  }

  #context(step: Step, flow: Flow, session: string): StepContext {
    const { loaded, office, clock, note, putPicture } = this.#options;
    const { service, form } = loaded;
    const asking = (field: string) => service.steps.filter((own) => fieldOf(own) === field);
    const holdsNow = ({ when }: Step) => when === undefined || flow.holds(when);
    const show = (view: () => View): void => {
      this.#view = view;
      this.#options.draw();
    };
    const input: StepContext["input"] = (...types) =>
      Promise.race([
        new Promise<never>((resolve) => {
          this.#waiting = { types, resolve: resolve as unknown as (input: Input) => void };
        }),
        this.#leave.promise,
      ]);
    const wait = <T>(work: Promise<T>): Promise<T> =>
      this.#presence.without(Promise.race([work, this.#leave.promise]));
    const context: StepContext = {
      step,
      form,
      submits: service.submits ?? [],
      answers: this.#answers,
      folder: this.#folder,
      office,
      language: () => this.language,
      words: this.#words,
      wallMs: () => clock.wall(),
      session,
      holds: flow.holds,
      applies: (field) => asking(field).length === 0 || asking(field).some(holdsNow),
      askedAt: (field) => asking(field).find(holdsNow)?.id,
      editedAt: (field) => this.#editable.get(field),
      show,
      input,
      wait,
      commit: async (work) => {
        this.#committed++;
        this.#stopAsked = false;
        this.#canBack = false;
        this.#options.draw();
        try {
          return await this.#presence.without(work);
        } finally {
          this.#committed--;
        }
      },
      either: async (work, types, textOf) => {
        const touched = input(...types).then((own) => ({ input: own }));
        touched.catch(() => undefined);
        const first = await Promise.race([work.then((done) => ({ work: done })), touched]);
        if ("input" in first) return first;
        // Nobody listens any more: a touch that comes now is not swallowed.
        this.#waiting = undefined;
        this.#presence.answered(first.work, textOf);
        return first;
      },
      pause: (ms) => Promise.race([clock.sleep(ms, this.#ended.signal), this.#leave.promise]),
      sleep: (ms, signal) => clock.sleep(ms, AbortSignal.any([signal, this.#ended.signal])),
      failed: (fault) => showFailure(context, fault, service.needs),
      picture: putPicture,
      note: (event) => note(event, this),
    };
    return context;
  }

  #give(input: Input): void {
    const waiting = this.#waiting;
    if (!waiting?.types.includes(input.type)) return;
    this.#waiting = undefined;
    waiting.resolve(input);
  }

  #left(way: "back" | "stop" | "expired"): void {
    this.#stopAsked = false;
    this.#leave.reject(new StepLeft(way));
  }

  /** Seconds until the visit ends for want of a touch; undefined while the unit itself is busy. */
  #secondsLeft(): number | undefined {
    const idle = this.#presence.idleMs();
    const limit = this.#step?.idleS ?? this.#options.idleS;
    return idle === undefined ? undefined : Math.ceil(limit + GRACE_S - idle / 1000);
  }

  async #tick(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      const left = this.#secondsLeft();
      if (left !== undefined && left <= 0) this.#left("expired");
      else if (left !== undefined && left <= GRACE_S) this.#options.draw("countdown");
      await this.#options.clock.sleep(TICK_MS, signal);
    }
  }

  async #clean(work: Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    await Promise.race([work, this.#options.clock.sleep(CLEAN_MS, timer.signal)]);
    timer.abort();
  }
}

function eventOf(result: StepResult): FlowEvent {
  switch (result.to) {
    case "next":
      return { type: "NEXT", answers: result.answers ?? {} };
    case "edit":
      return { type: "EDIT", step: result.step };
    case "end":
      return { type: "END", outcome: result.outcome };
    case "back":
      return { type: "BACK" };
  }
}
