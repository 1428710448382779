import type { Condition, FlowChart, FlowContext, FlowEvent } from "../../../flows/index.ts";

export interface Flow {
  /** Id of the current step, or an outcome. */
  state(): string;
  answers(): Record<string, unknown>;
  can(event: FlowEvent): boolean;
  /** Whether a condition of the service holds for the answers so far. */
  holds(condition: string): boolean;
  send(event: FlowEvent): void;
  stop(): void;
}

/**
 * Runs a compiled service as an XState actor. Conditions are compiled here once; guards beginning with `@` are the
 * chart's own.
 */
export async function openFlow(chart: FlowChart, conditions: (source: string) => Condition): Promise<Flow> {
  const { assign, createActor, createMachine } = await import("xstate");
  const compiled = new Map<string, Condition>();
  const conditionOf = (source: string): Condition => {
    let condition = compiled.get(source);
    if (!condition) {
      condition = conditions(source);
      compiled.set(source, condition);
    }
    return condition;
  };
  const holds = (guard: string, context: FlowContext, event: FlowEvent): boolean => {
    if (guard === "@returning") return context.returning;
    if (guard.startsWith("@ends:")) return event.type === "END" && guard === `@ends:${event.outcome}`;
    if (guard.startsWith("@edits:")) return event.type === "EDIT" && guard === `@edits:${event.step}`;
    const answers = answersAfter(context, event);
    if (guard.startsWith("@unanswered:")) return answers[guard.slice("@unanswered:".length)] === undefined;
    return conditionOf(guard)(answers);
  };
  const note = (target: string) =>
    assign(({ context, event }: { context: FlowContext; event: FlowEvent }) => ({
      answers: answersAfter(context, event),
      returning: target !== chart.review && (event.type === "EDIT" || context.returning),
    }));
  const states = Object.fromEntries(
    Object.entries(chart.states).map(([id, state]) => [
      id,
      {
        ...(state.type ? { type: state.type } : {}),
        on: Object.fromEntries(
          Object.entries(state.on ?? {}).map(([event, transitions]) => [
            event,
            transitions.map(({ target, guards = [] }) => ({
              target,
              actions: note(target),
              guard: ({ context, event: own }: { context: FlowContext; event: FlowEvent }) =>
                guards.every((guard) => holds(guard, context, own)),
            })),
          ]),
        ),
      },
    ]),
  );
  const machine = createMachine({
    types: {} as { context: FlowContext; events: FlowEvent },
    id: chart.id,
    initial: chart.initial,
    context: { answers: {}, returning: false },
    states: states as never,
  });
  const actor = createActor(machine);
  actor.start();
  return {
    state: () => String(actor.getSnapshot().value),
    answers: () => actor.getSnapshot().context.answers,
    holds: (condition) => conditionOf(condition)(actor.getSnapshot().context.answers),
    can: (event) => actor.getSnapshot().can(event),
    send: (event) => actor.send(event),
    stop: () => actor.stop(),
  };
}

const answersAfter = (context: FlowContext, event: FlowEvent): Record<string, unknown> =>
  event.type === "NEXT" ? { ...context.answers, ...event.answers } : context.answers;
