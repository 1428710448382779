import type { Condition, FlowChart, FlowContext, FlowEvent } from "../../../flows/index.ts";

export interface Flow {
  /** Id of the current step, or an outcome. */
  state(): string;
  answers(): Record<string, unknown>;
  can(event: FlowEvent): boolean;
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
    if (guard === "@returning") return context.returnTo !== null;
    if (guard.startsWith("@ends:")) return event.type === "END" && guard === `@ends:${event.outcome}`;
    if (guard.startsWith("@edits:")) return event.type === "EDIT" && guard === `@edits:${event.step}`;
    const answers = event.type === "NEXT" ? { ...context.answers, ...event.answers } : context.answers;
    return conditionOf(guard)(answers);
  };
  const note = assign(({ context, event }: { context: FlowContext; event: FlowEvent }) => ({
    answers: event.type === "NEXT" ? { ...context.answers, ...event.answers } : context.answers,
    returnTo: event.type === "EDIT" ? event.step : null,
  }));
  const states = Object.fromEntries(
    Object.entries(chart.states).map(([id, state]) => [
      id,
      {
        ...(state.type ? { type: state.type } : {}),
        on: Object.fromEntries(
          Object.entries(state.on ?? {}).map(([event, transitions]) => [
            event,
            transitions.map(({ target, guard }) => ({
              target,
              actions: note,
              ...(guard === undefined
                ? {}
                : {
                    guard: ({ context, event: own }: { context: FlowContext; event: FlowEvent }) =>
                      holds(guard, context, own),
                  }),
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
    context: { answers: {}, returnTo: null },
    states: states as never,
  });
  const actor = createActor(machine);
  actor.start();
  return {
    state: () => String(actor.getSnapshot().value),
    answers: () => actor.getSnapshot().context.answers,
    can: (event) => actor.getSnapshot().can(event),
    send: (event) => actor.send(event),
    stop: () => actor.stop(),
  };
}
