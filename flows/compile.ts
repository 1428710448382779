import type { Service, Step } from "./format.ts";

/** How a visit can end. */
export const OUTCOMES = ["completed", "abandoned", "refused", "failedDevice", "expired"] as const;
export type VisitOutcome = (typeof OUTCOMES)[number];

export type FlowEvent =
  | { type: "NEXT"; answers: Record<string, unknown> }
  | { type: "BACK" }
  | { type: "EDIT"; step: string }
  | { type: "END"; outcome: VisitOutcome };

export interface FlowContext {
  answers: Record<string, unknown>;
  /** Set while one answer is changed from the review: where to return to. */
  returnTo: string | null;
}

interface Transition {
  target: string;
  guard?: string;
}

/** A statechart in the form that XState reads, with guards named by the condition that they evaluate. */
export interface FlowChart {
  id: string;
  initial: string;
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

const guarded = (step: Step): Transition =>
  step.when ? { target: step.id, guard: step.when } : { target: step.id };

/** Every step after `index` up to the first that is always taken; the end when there is none. */
function onward(steps: readonly Step[], index: number): Transition[] {
  const transitions: Transition[] = [];
  for (const step of steps.slice(index + 1)) {
    transitions.push(guarded(step));
    if (!step.when) return transitions;
  }
  return [...transitions, { target: "completed" }];
}

/** Every step before `index` that can be looked at again, the nearest first, up to one that is final. */
function backward(steps: readonly Step[], index: number): Transition[] {
  const transitions: Transition[] = [];
  for (let i = index - 1; i >= 0; i--) {
    const step = steps[i] as Step;
    if (step.final || !LOOKS_BACK.has(step.kind)) break;
    transitions.push(guarded(step));
    if (!step.when) break;
  }
  return transitions;
}

/**
 * Compiles a service into its statechart: a state for each step and one for each way to end. Pure; the runtime gives it to
 * XState with the guards, the docs draw it, and the tests walk it.
 */
export function compile(service: Service): FlowChart {
  const { steps } = service;
  const [first] = steps;
  if (!first) throw new TypeError("a service has at least one step");
  const states: FlowChart["states"] = {};
  const editable = new Map<string, string>();
  for (const step of steps) {
    if (step.kind === "entry" || step.kind === "choose") editable.set(step.field, step.id);
  }
  steps.forEach((step, index) => {
    const next = onward(steps, index);
    const review = steps.find((other) => other.kind === "review");
    const on: Record<string, Transition[]> = {
      // An answer that was changed from the review goes back to it.
      NEXT:
        review && editable.size > 0 && index < steps.indexOf(review)
          ? [{ target: review.id, guard: "@returning" }, ...next]
          : next,
      BACK: backward(steps, index),
      END: OUTCOMES.map((outcome) => ({ target: outcome, guard: `@ends:${outcome}` })),
    };
    if (step.kind === "review") {
      on.EDIT = step.fields.flatMap((field) => {
        const target = editable.get(field);
        return target ? [{ target, guard: `@edits:${target}` }] : [];
      });
    }
    states[step.id] = { on };
  });
  for (const outcome of OUTCOMES) states[outcome] = { type: "final" };
  return { id: service.id, initial: first.id, states };
}

/** Steps by which a person counts progress: those that show something of their own. */
export function progressOf(service: Service, stepId: string): { index: number; count: number } {
  const counted = service.steps.filter((step) => step.kind !== "submit");
  const at = counted.findIndex((step) => step.id === stepId);
  return { index: Math.max(0, at) + 1, count: counted.length };
}
