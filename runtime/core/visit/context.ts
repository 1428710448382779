import type { Fault, Result } from "../../../drivers/kit/index.ts";
import type { Form, Language, Step, VisitOutcome, Words } from "../../../flows/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Input, View } from "../screen/model.ts";
import type { Folder } from "./folder.ts";

/** Why a step was left before its own end. */
export class StepLeft extends Error {
  readonly way: "back" | "stop" | "expired";

  constructor(way: "back" | "stop" | "expired") {
    super(`left: ${way}`);
    this.way = way;
  }
}

/** What a step comes to. */
export type StepResult =
  | { to: "next"; answers?: Record<string, unknown> }
  | { to: "edit"; step: string }
  | { to: "end"; outcome: VisitOutcome };

export const next = (answers?: Record<string, unknown>): StepResult =>
  answers ? { to: "next", answers } : { to: "next" };
export const end = (outcome: VisitOutcome): StepResult => ({ to: "end", outcome });

/** What a step is given. Everything personal is in `folder` and `answers`, which are wiped with the visit. */
export interface StepContext<S extends Step = Step> {
  step: S;
  form: Form;
  /** Services for which a submission applies. */
  submits: readonly string[];
  answers: Readonly<Record<string, unknown>>;
  folder: Folder;
  office: BackOffice;
  language(): Language;
  words(): Words;
  wallMs(): number;
  /** Id under which the senses run what this step asks for; ended when the step is left. */
  session: string;
  /** Draws a view. The function is called again when the language changes. */
  show(view: () => View): void;
  /** The next input of a kind that the view sends. Rejects with StepLeft when the person goes elsewhere. */
  input<T extends Input["type"]>(...types: T[]): Promise<Extract<Input, { type: T }>>;
  /** Waits for something else than a touch; rejects with StepLeft as `input` does. Time in it does not count as idle. */
  wait<T>(work: Promise<T>): Promise<T>;
  /** Waits for whatever comes first: the work, or an input. */
  either<T, I extends Input["type"]>(
    work: Promise<T>,
    ...types: I[]
  ): Promise<{ work: T } | { input: Extract<Input, { type: I }> }>;
  pause(ms: number): Promise<void>;
  /** Shows that a device failed and waits until the person tries again. */
  failed(fault: Fault): Promise<void>;
  /** Makes a captured picture reachable for the page, for this visit. */
  picture(jpeg: Uint8Array): string;
}

export type StepRun<S extends Step> = (context: StepContext<S>) => Promise<StepResult>;

export type Attempt<T> = Result<T>;
