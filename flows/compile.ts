import type { Service, Step } from "./format.ts";

/** How a visit can end. `handedOver` is a completed visit that gave a document away. */
export const OUTCOMES = [
  "completed",
  "handedOver",
  "abandoned",
  "refused",
  "failedDevice",
  "expired",
] as const;
export type VisitOutcome = (typeof OUTCOMES)[number];

export type FlowEvent =
  | { type: "NEXT"; answers: Record<string, unknown> }
  | { type: "BACK" }
  | { type: "EDIT"; step: string }
  | { type: "END"; outcome: VisitOutcome };

export interface FlowContext {
  answers: Record<string, unknown>;
  /** Whether an answer is being changed from the review: then the way leads back there. */
  returning: boolean;
}

/** Taken when every guard holds: a condition of the service, or one of the chart's own, which begin with `@`. */
export interface Transition {
  target: string;
  guards?: string[];
}

/** A statechart in the form that XState reads, with guards by name. */
export interface FlowChart {
  id: string;
  initial: string;
  /** The state at which a changed answer is looked at again. */
  review: string | null;
  states: Record<string, { type?: "final"; on?: Record<string, Transition[]> }>;
}

/** Steps at which a person can look back and change something. */
const LOOKS_BACK: ReadonlySet<Step["kind"]> = new Set([
  "choose",
  "entry",
  "notice",
  "fingers",
  "photo",
  "sign",
  "review",
]);
/** Steps that have done something which cannot be undone: there is no way back from them. */
const DONE: ReadonlySet<Step["kind"]> = new Set([
  "submit",
  "receipt",
  "handover",
  "credentials",
  "load",
  "message",
]);

const to = (step: Step, ...guards: string[]): Transition => {
  const all = step.when ? [...guards, step.when] : guards;
  return all.length > 0 ? { target: step.id, guards: all } : { target: step.id };
};

/** The step that asks for a field, if one does. */
export const fieldOf = (step: Step): string | undefined =>
  step.kind === "entry" || step.kind === "choose" ? step.field : undefined;

/** Every step after `index` up to the first that is always taken; the end when there is none. */
function onward(steps: readonly Step[], index: number): Transition[] {
  const transitions: Transition[] = [];
  for (const step of steps.slice(index + 1)) {
    transitions.push(to(step));
    if (!step.when) return transitions;
  }
  return [...transitions, { target: "completed" }];
}

/** Every step before `index` that can be looked at again, the nearest first, up to one that is final. */
function backward(steps: readonly Step[], index: number): Transition[] {
  const transitions: Transition[] = [];
  for (const step of steps.slice(0, index).reverse()) {
    if (step.final || !LOOKS_BACK.has(step.kind)) break;
    transitions.push(to(step));
    if (!step.when) break;
  }
  return transitions;
}

/**
 * Fields that can be changed from the review, with the step that asks for each. What was answered before a final step,
 * such as who the person is, stays.
 */
export function editableOf({ steps }: Service): ReadonlyMap<string, string> {
  const until = steps.findIndex((step) => step.kind === "review");
  const from = steps.slice(0, until).findLastIndex((step) => step.final) + 1;
  return new Map(
    steps.slice(from, Math.max(from, until)).flatMap((step) => {
      const field = fieldOf(step);
      return field === undefined ? [] : [[field, step.id] as const];
    }),
  );
}

/** After a change from the review: what it made necessary and nobody has asked yet, then the review. */
function returning(service: Service, index: number, editable: ReadonlyMap<string, string>): Transition[] {
  const { steps } = service;
  const until = steps.findIndex((step) => step.kind === "review");
  const review = steps[until];
  const step = steps[index];
  const field = step && fieldOf(step);
  if (!review || field === undefined || !editable.has(field)) return [];
  const unasked = steps.slice(index + 1, until).flatMap((later) => {
    const own = fieldOf(later);
    return own === undefined ? [] : [to(later, "@returning", `@unanswered:${own}`)];
  });
  return [...unasked, to(review, "@returning")];
}

/**
 * Compiles a service into its statechart: a state for each step and one for each way to end. Pure; the runtime gives it to
 * XState with the guards, the docs draw it, and the tests walk it.
 */
export function compile(service: Service): FlowChart {
  const { steps } = service;
  const [first] = steps;
  if (!first) throw new TypeError("a service has at least one step");
  const start = steps.find((step) => !step.when) ?? first;
  const states: FlowChart["states"] = {};
  const editable = editableOf(service);
  const review = steps.find((step) => step.kind === "review");
  steps.forEach((step, index) => {
    const backToReview = review && [...editable.values()].includes(step.id) ? [to(review, "@returning")] : [];
    const on: Record<string, Transition[]> = {
      NEXT: [...returning(service, index, editable), ...onward(steps, index)],
      BACK: DONE.has(step.kind) ? [] : [...backToReview, ...backward(steps, index)],
      END: OUTCOMES.map((outcome) => ({ target: outcome, guards: [`@ends:${outcome}`] })),
    };
    if (step.kind === "review")
      on.EDIT = [...editable.values()].map((target) => ({ target, guards: [`@edits:${target}`] }));
    states[step.id] = { on };
  });
  for (const outcome of OUTCOMES) states[outcome] = { type: "final" };
  return { id: service.id, initial: start.id, review: review?.id ?? null, states };
}

/** Steps by which a person counts progress: those that show something of their own. */
export function progressOf(service: Service, stepId: string): { index: number; count: number } {
  const counted = service.steps.filter((step) => step.kind !== "submit");
  const at = counted.findIndex((step) => step.id === stepId);
  return { index: Math.max(0, at) + 1, count: counted.length };
}
