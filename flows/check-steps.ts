import type { Found } from "./check.ts";
import { fieldOf } from "./compile.ts";
import type { Condition } from "./conditions.ts";
import type { Form, Service, Step, StepKind } from "./format.ts";

/** Devices that a kind of step uses, by the beginning of their role. */
const DEVICES: Partial<Record<StepKind, string[]>> = {
  identify: ["finger."],
  fingers: ["finger."],
  photo: ["camera.portrait"],
  findCollection: ["camera.document"],
  handover: ["finger.", "lock."],
  credentials: ["camera.document"],
  load: ["camera.document", "lock."],
  unload: ["lock."],
};

/** What a kind of step takes up from another, which is therefore always taken before it. */
const AFTER: Partial<Record<StepKind, StepKind>> = {
  receipt: "submit",
  handover: "findCollection",
  load: "credentials",
  unload: "credentials",
};

/** Most combinations of answers that are tried to find out whether a condition can hold. */
const MOST = 4_096;

/** Checks the steps of a service, whose shape is already known to be right. */
export function checkSteps(
  service: Service,
  form: Form,
  parses: (condition: string) => Condition,
  found: Found,
): void {
  const { steps } = service;
  const ids = new Set<string>();
  steps.forEach((step, i) => {
    const at = `/steps/${i}`;
    if (ids.has(step.id))
      found("service.json", at, `a second step ${step.id}`, "Give each step an id of its own");
    ids.add(step.id);
    checkField(step, at, form, found);
    checkDevices(service, step, at, found);
    const needed = AFTER[step.kind];
    if (needed && !steps.slice(0, i).some((before) => before.kind === needed && !before.when))
      found(
        "service.json",
        at,
        `no step ${needed} always comes before it`,
        `Put one there, without a condition`,
      );
    const conditions: [string, string | undefined][] = [[`${at}/when`, step.when]];
    if (step.kind === "choose") {
      for (const [n, option] of step.options.entries())
        conditions.push([`${at}/options/${n}/when`, option.when]);
    }
    for (const [place, condition] of conditions) {
      if (condition !== undefined)
        checkCondition({ condition, place, before: steps.slice(0, i), form, parses, found });
    }
  });
  if (steps.every((step) => step.when))
    found(
      "service.json",
      "/steps",
      "no step is always taken",
      "Let the first or the last step have no condition",
    );
  if (steps[0]?.when)
    found("service.json", "/steps/0/when", "the first step has a condition", "Begin with one without");
  const asked = new Set(steps.map(fieldOf));
  for (const field of form.required) {
    if (!asked.has(field))
      found(
        "form.schema.json",
        `/required/${field}`,
        "no step asks for it",
        "Add an entry step, or do not require it",
      );
  }
  const submits = steps.some((step) => step.kind === "submit");
  if (service.submits && !submits)
    found("service.json", "/submits", "no step submits", "Add a submit step, or take this away");
  if (!service.submits && submits)
    found("service.json", "/submits", "nothing says what is submitted", "Name the applications");
}

function checkField(step: Step, at: string, form: Form, found: Found): void {
  const field = fieldOf(step);
  const rule = field === undefined ? undefined : form.properties[field];
  const missing = (name: string, place: string): void =>
    found("service.json", `${at}/${place}`, `the form has no field ${name}`, "Add it to form.schema.json");
  if (field !== undefined && !rule) missing(field, "field");
  if (step.kind === "review") {
    for (const name of step.fields) if (!form.properties[name]) missing(name, "fields");
  }
  if (step.kind !== "choose" || !rule) return;
  for (const option of step.options) {
    if (!rule.enum?.includes(option.id))
      found(
        "service.json",
        `${at}/options`,
        `${option.id} is not in the form's enum`,
        "Add it there, or take it away here",
      );
  }
}

function checkDevices(service: Service, step: Step, at: string, found: Found): void {
  for (const device of DEVICES[step.kind] ?? []) {
    if (!service.needs.some(({ role }) => role.startsWith(device)))
      found(
        "service.json",
        at,
        `a step ${step.kind} uses ${device}, which the service does not need`,
        `Name the device in /needs`,
      );
  }
}

const NAMED = /answers(?:\.([a-zA-Z0-9_]+)|\[\s*["']([^"']*)["']\s*\])/g;

/** A condition parses, asks only for what is known by then, and can hold at all. */
function checkCondition(of: {
  condition: string;
  place: string;
  before: readonly Step[];
  form: Form;
  parses: (condition: string) => Condition;
  found: Found;
}): void {
  const { condition, place, before, form, found } = of;
  let holds: Condition;
  try {
    holds = of.parses(condition);
  } catch (error) {
    const [words = ""] = (error as Error).message.split("\n");
    return found("service.json", place, words, "Write a CEL expression over answers");
  }
  const identified = before.some((step) => step.kind === "identify");
  const asked = new Set(before.map(fieldOf));
  const names = new Set([...condition.matchAll(NAMED)].map(([, dotted, quoted]) => dotted ?? quoted ?? ""));
  const choices: [string, readonly string[]][] = [];
  let known = true;
  for (const name of names) {
    const rule = form.properties[name];
    const way = name === "way" && identified;
    if (!way && !rule)
      return found("service.json", place, `nothing answers ${name}`, "Name a field of the form");
    if (!way && !asked.has(name) && !(rule?.prefill && identified))
      return found("service.json", place, `${name} is asked only later`, "Ask before, or move this step");
    const values = way ? ["centre", "officer"] : rule?.enum;
    if (values) choices.push([name, values]);
    else known = false;
  }
  if (known && !canHold(holds, choices))
    found("service.json", place, "can never hold", "Correct the condition; what it guards is never reached");
}

/** Tries every combination of what can be chosen; more than can be tried is taken to hold. */
function canHold(holds: Condition, choices: readonly [string, readonly string[]][]): boolean {
  const count = choices.reduce((product, [, values]) => product * values.length, 1);
  if (count > MOST) return true;
  for (let n = 0; n < count; n++) {
    let rest = n;
    const answers: Record<string, unknown> = {};
    for (const [name, values] of choices) {
      answers[name] = values[rest % values.length];
      rest = Math.floor(rest / values.length);
    }
    if (holds(answers)) return true;
  }
  return false;
}
