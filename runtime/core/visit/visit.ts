import { type Clock, defer, type Fault, isFault, newId } from "../../../drivers/kit/index.ts";
import {
  type Condition,
  compile,
  type FlowEvent,
  type Language,
  progressOf,
  type Step,
  type VisitOutcome,
} from "../../../flows/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Chrome, Input, View } from "../screen/model.ts";
import { type StepContext, StepLeft, type StepResult } from "./context.ts";
import { openFlow } from "./flow.ts";
import { Folder } from "./folder.ts";
import type { LoadedService } from "./services.ts";
import { runStep } from "./steps/index.ts";

export interface VisitOptions {
  loaded: LoadedService;
  office: BackOffice;
  clock: Clock;
  language: Language;
  conditions: (source: string) => Condition;
  idleS: number;
  /** Draws; called at each change. */
  draw: () => void;
  putPicture: (jpeg: Uint8Array) => string;
}

/** Time in which a person can answer the question whether somebody is there, s. */
const GRACE_S = 20;

/** One person's run through one service. Its data ends with it. */
export class Visit {
  readonly id = newId();
  readonly #options: VisitOptions;
  readonly #folder = new Folder();
  #view: () => View;
  #waiting: { types: readonly string[]; resolve(input: Input): void } | undefined;
  #leave = defer<never>();
  #step: Step | undefined;
  #stopAsked = false;
  #helpOpen = false;
  #idle = true;
  #lastTouch: number;
  #canBack = false;
  #answers: Record<string, unknown> = {};
  language: Language;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.language = options.language;
    this.#lastTouch = options.clock.mono();
    this.#view = () => ({ kind: "wait", title: this.#words().text("ui.wait"), body: "" });
  }

  /** Runs to its end. Everything captured is wiped when this resolves. */
  async run(): Promise<VisitOutcome> {
    const { loaded, conditions } = this.#options;
    const flow = await openFlow(compile(loaded.service), conditions);
    const timer = setInterval(() => this.#tick(), 500);
    try {
      for (;;) {
        const at = flow.state();
        const step = loaded.service.steps.find((own) => own.id === at);
        if (!step) return at as VisitOutcome;
        this.#answers = flow.answers();
        this.#canBack = flow.can({ type: "BACK" });
        const result = await this.#runOne(step);
        flow.send(eventOf(result));
      }
    } finally {
      clearInterval(timer);
      this.#leave.promise.catch(() => undefined);
      this.#folder.wipe();
      this.#answers = {};
      flow.stop();
      await this.#options.office.devices.senses("visit.clear", {});
    }
  }

  /** An input of the page, already checked and for the current model. */
  input(input: Input): void {
    this.#lastTouch = this.#options.clock.mono();
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
        break;
      case "stop":
        if (this.#step?.kind === "receipt") return this.#left("stop");
        this.#stopAsked = true;
        break;
      case "back":
        if (this.#stopAsked) this.#stopAsked = false;
        else if (this.#canBack) return this.#left("back");
        break;
      case "action":
        if (this.#stopAsked) {
          this.#stopAsked = false;
          if (input.id === "stop.yes") return this.#left("stop");
          break;
        }
        this.#give(input);
        return;
      default:
        this.#give(input);
        return;
    }
    this.#options.draw();
  }

  /** What to draw now. */
  view(): View {
    if (!this.#stopAsked) return this.#view();
    const { text } = this.#words();
    return {
      kind: "message",
      face: "again",
      title: text("stop.title"),
      body: text("stop.body"),
      actions: [
        { id: "stop.no", label: text("stop.no") },
        { id: "stop.yes", label: text("stop.yes") },
      ],
    };
  }

  chrome(): Chrome {
    const { text } = this.#words();
    const { service } = this.#options.loaded;
    const progress = this.#step ? progressOf(service, this.#step.id) : undefined;
    const left = this.#secondsLeft();
    const help = this.#helpOpen
      ? { title: text("help.title"), body: this.#helpText(), close: text("ui.close") }
      : undefined;
    return {
      service: text("service.title"),
      ...(progress ? { progress: { ...progress, label: text("ui.step", progress) } } : {}),
      can: { back: this.#canBack || this.#stopAsked, help: true, stop: !this.#stopAsked, language: true },
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

  #words = () => this.#options.loaded.words[this.language];

  #helpText(): string {
    const own = this.#step ? `${this.#step.id}.help` : "";
    return this.#words().text(own && this.#words().has(own) ? own : "help.body");
  }

  async #runOne(step: Step): Promise<StepResult> {
    const { office } = this.#options;
    this.#step = step;
    this.#leave = defer<never>();
    this.#leave.promise.catch(() => undefined);
    const session = newId();
    try {
      return await runStep(this.#context(step, session));
    } catch (error) {
      if (error instanceof StepLeft) {
        if (error.way === "back") return { to: "back" } as unknown as StepResult;
        const done = this.#folder.submitted !== undefined;
        return { to: "end", outcome: done ? "completed" : error.way === "stop" ? "abandoned" : "expired" };
      }
      if (!isFault(error)) throw error;
      return { to: "end", outcome: "failedDevice" };
    } finally {
      this.#waiting = undefined;
      await office.devices.senses("cancel", { session });
    }
  }

  #context(step: Step, session: string): StepContext {
    const { loaded, office, clock } = this.#options;
    const show = (view: () => View): void => {
      this.#view = view;
      this.#options.draw();
    };
    const input: StepContext["input"] = (...types) => {
      this.#idle = true;
      this.#lastTouch = Math.max(this.#lastTouch, clock.mono() - 1);
      return Promise.race([
        new Promise<never>((resolve) => {
          this.#waiting = { types, resolve: resolve as unknown as (input: Input) => void };
        }),
        this.#leave.promise,
      ]);
    };
    const wait = async <T>(work: Promise<T>): Promise<T> => {
      this.#idle = false;
      try {
        return await Promise.race([work, this.#leave.promise]);
      } finally {
        this.#idle = true;
        this.#lastTouch = clock.mono();
      }
    };
    return {
      step,
      form: loaded.form,
      submits: loaded.service.submits ?? [],
      answers: this.#answers,
      folder: this.#folder,
      office,
      language: () => this.language,
      words: this.#words,
      wallMs: () => clock.wall(),
      session,
      show,
      input,
      wait,
      // A sensor that waits for a person is no sign of one: the time goes on counting as idle.
      either: async (work, ...types) => {
        const touched = input(...types).then((own) => ({ input: own }));
        touched.catch(() => undefined);
        const first = await Promise.race([
          work.then((value) => ({ work: value })),
          touched,
          this.#leave.promise,
        ]);
        this.#lastTouch = clock.mono();
        return first;
      },
      pause: (ms) => wait(clock.sleep(ms)),
      failed: (fault) => this.#showFault(fault, show, input),
      picture: this.#options.putPicture,
    };
  }

  async #showFault(
    fault: Fault,
    show: (view: () => View) => void,
    input: StepContext["input"],
  ): Promise<void> {
    show(() => {
      const { text } = this.#words();
      return {
        kind: "message",
        face: "again",
        title: text("fault.title"),
        body: text("fault.body"),
        code: fault.code,
        actions: [{ id: "again", label: text("ui.again") }],
      };
    });
    await input("action");
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
    if (!this.#idle) return undefined;
    const limit = this.#step?.idleS ?? this.#options.idleS;
    return Math.ceil(limit + GRACE_S - (this.#options.clock.mono() - this.#lastTouch) / 1000);
  }

  #tick(): void {
    const left = this.#secondsLeft();
    if (left === undefined || left > GRACE_S) return;
    if (left <= 0) this.#left("expired");
    else this.#options.draw();
  }
}

function eventOf(result: StepResult | { to: "back" }): FlowEvent {
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
