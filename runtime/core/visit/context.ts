import type { Fault, Result } from "../../../drivers/kit/index.ts";
import type { Form, Language, Step, VisitOutcome, Words } from "../../../flows/index.ts";
import type { BackOffice } from "../backoffice.ts";
import type { Face, Input, View } from "../screen/model.ts";
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
  | { to: "back" }
  /** To the step that asks for a field. */
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
  /** Whether a condition of the service holds for the answers so far. */
  holds(condition: string): boolean;
  /** Whether the answer of a field counts: false when its step is passed over now. */
  applies(field: string): boolean;
  /** The step that asks for a field now; what can be chosen there is named by it. */
  askedAt(field: string): string | undefined;
  /** The step at which a field can be changed from the review; undefined when it cannot. */
  editedAt(field: string): string | undefined;
  /** Draws a view. The function is called again when the language changes, and for speech. */
  show(view: () => View): void;
  /** The next input of a kind that the view sends. Rejects with StepLeft when the person goes elsewhere. */
  input<T extends Input["type"]>(...types: T[]): Promise<Extract<Input, { type: T }>>;
  /**
   * Waits for something else than a touch; rejects with StepLeft as `input` does. Time in it does not count as idle, but
   * its end is no sign of a person either.
   */
  wait<T>(work: Promise<T>): Promise<T>;
  /** Waits for what cannot be left any more: nothing that the person does interrupts it, and `stop` is not offered. */
  commit<T>(work: Promise<T>): Promise<T>;
  /**
   * Waits for whatever comes first: a sensor's answer, or an input. Only an answer that somebody gave is a sign of a person:
   * a finger or a code, also a poor one. While the sensor has seen nobody or has failed, the time goes on counting as idle.
   * @param textOf what a code says: the same again is no sign, since it may lie forgotten before the camera
   */
  either<T, I extends Input["type"]>(
    work: Promise<Result<T>>,
    types: readonly I[],
    textOf?: (value: T) => string,
  ): Promise<{ work: Result<T> } | { input: Extract<Input, { type: I }> }>;
  /** Time for the person to see something; it counts as idle. */
  pause(ms: number): Promise<void>;
  /** Time that passes beside a step; leaving does not end it, the signal and the visit's end do. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Something of the unit failed: waits until it is back by itself, or shows what is missing until the person tries again. */
  failed(fault: Fault): Promise<void>;
  /** Makes a captured picture reachable for the page, for this visit. */
  picture(jpeg: Uint8Array): string;
  /** Notes something in the unit's journal; nothing personal. */
  note(event: string): Promise<void>;
}

export type StepRun<S extends Step> = (context: StepContext<S>) => Promise<StepResult>;

/** Shows a text until it was read. */
export async function tell(
  context: StepContext,
  body: string,
  extra: { code?: string; action?: string; face?: Face; values?: Record<string, number> } = {},
): Promise<void> {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: extra.face ?? "cannot",
      title: text(`${context.step.id}.title`),
      body: text(body, extra.values ?? {}),
      actions: [{ id: "done", label: text(extra.action ?? "ui.done") }],
      ...(extra.code ? { code: extra.code } : {}),
    };
  });
  await context.input("action");
}

/** Says why it goes no further, and ends the visit. */
export async function refuse(context: StepContext, body: string): Promise<StepResult> {
  await tell(context, body);
  return end("refused");
}

/** Shows the wall of slots with one of them lit. */
export function drawDoor(
  context: StepContext,
  slot: string,
  body: string,
  face: Face,
  action?: string,
): void {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "door",
      title: text(`${context.step.id}.title`),
      body: text(body, { slot }),
      face,
      slot,
      slots: context.office.devices.slots.map((own) => own.slot),
      actions: action ? [{ id: "done", label: text(action) }] : [],
    };
  });
}

/**
 * Waits for an answer with captured parts as `waiting` does. When the step is left first, nobody takes them any more: they
 * are overwritten when they come.
 */
export async function unlessLeft<T>(
  answer: Promise<Result<{ parts: Uint8Array[] }>>,
  waiting: Promise<T>,
): Promise<T> {
  try {
    return await waiting;
  } catch (left) {
    void forgetParts(answer);
    throw left;
  }
}

/** Overwrites the parts of an answer that nobody takes. */
export async function forgetParts(answer: Promise<Result<{ parts: Uint8Array[] }>>): Promise<void> {
  const late = await answer;
  if (late.ok) for (const part of late.value.parts) part.fill(0);
}

/** A private copy of a part that came from another process; what it came in is overwritten. */
export function keep(part: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(part);
  part.fill(0);
  return copy;
}
