import { judgeEntry, type StepOf } from "../../../../flows/index.ts";
import type { ReviewRow } from "../../screen/model.ts";
import { end, next, type StepContext, type StepResult } from "../context.ts";
import { fromStore } from "../failure.ts";

/** A text to read; declining ends the visit. */
export async function notice(context: StepContext<StepOf<"notice">>): Promise<StepResult> {
  const { step } = context;
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "notice",
      title: text(`${step.id}.title`),
      paragraphs: Array.from({ length: step.paragraphs }, (_, i) => text(`${step.id}.${i + 1}`)),
      accept: text(`${step.id}.accept`),
      decline: text(`${step.id}.decline`),
    };
  });
  const input = await context.input("accept", "decline");
  if (input.type === "decline") return end("refused");
  await fromStore(context, () => context.note("visit.consented"));
  return next();
}

/** One of a few answers. */
export async function choose(context: StepContext<StepOf<"choose">>): Promise<StepResult> {
  const { step } = context;
  const options = step.options.filter(({ when }) => when === undefined || context.holds(when));
  context.show(() => {
    const words = context.words();
    return {
      kind: "choose",
      title: words.text(`${step.id}.title`),
      ...(words.has(`${step.id}.body`) ? { body: words.text(`${step.id}.body`) } : {}),
      options: options.map(({ id, picture }) => ({
        id,
        label: words.text(`${step.id}.${id}`),
        ...(picture ? { picture } : {}),
      })),
    };
  });
  for (;;) {
    const { id } = await context.input("choose");
    if (options.some((option) => option.id === id)) return next({ [step.field]: id });
  }
}

/** One field, typed; asked again until the form takes it. */
export async function entry(context: StepContext<StepOf<"entry">>): Promise<StepResult> {
  const { step, form } = context;
  const rule = form.properties[step.field];
  if (!rule) throw new TypeError(`no field ${step.field}`);
  let value = String(context.answers[step.field] ?? "");
  let problem: string | undefined;
  const draw = (): void =>
    context.show(() => {
      const words = context.words();
      const hint = `${step.id}.hint`;
      return {
        kind: "entry",
        title: words.text(`${step.id}.title`),
        field: step.field,
        keyboard: step.keyboard,
        value,
        maxLength: rule.maxLength,
        next: words.text("ui.next"),
        ...(words.has(hint) ? { hint: words.text(hint) } : {}),
        ...(rule.example ? { example: rule.example } : {}),
        ...(problem ? { error: words.text(`error.${problem}`) } : {}),
        ...(step.optional ? { skip: words.text("ui.skip") } : {}),
      };
    });
  for (;;) {
    draw();
    const input = await context.input("text", "skip");
    if (input.type === "skip") {
      if (step.optional) return next({ [step.field]: "" });
      continue;
    }
    if (input.field !== step.field) continue;
    const judged = judgeEntry(form, step.field, input.value, context.wallMs());
    if (judged.ok) return next({ [step.field]: judged.value });
    value = input.value.slice(0, rule.maxLength);
    problem = judged.error;
  }
}

/** All answers once more; any of them can be changed. */
export async function review(context: StepContext<StepOf<"review">>): Promise<StepResult> {
  const { step } = context;
  const photo = context.folder.get("photo");
  const picture = photo ? context.picture(photo) : undefined;
  context.show(() => {
    const words = context.words();
    const rows: ReviewRow[] = step.fields
      .filter((field) => context.answers[field] !== undefined && context.applies(field))
      .map((field) => ({
        id: field,
        label: words.text(`field.${field}`),
        value: shown(context, field),
        editable: context.editedAt(field) !== undefined,
      }));
    return {
      kind: "review",
      title: words.text("review.title"),
      body: words.text("review.body"),
      rows,
      next: words.text("review.next"),
      ...(picture ? { picture } : {}),
    };
  });
  for (;;) {
    const input = await context.input("edit", "next");
    if (input.type === "next") return next();
    const edited = step.fields.includes(input.id) ? context.editedAt(input.id) : undefined;
    if (edited !== undefined) return { to: "edit", step: edited };
  }
}

function shown(context: StepContext, field: string): string {
  const words = context.words();
  const value = String(context.answers[field] ?? "");
  if (value === "") return words.text("review.empty");
  // An identity card number is not shown together with the name (Code of Practice on the Identity Card Number, 2.7).
  if (context.form.properties[field]?.format === "hkic") return `${value.slice(0, 3)}****(*)`;
  const label = `${context.askedAt(field) ?? field}.${value}`;
  return words.has(label) ? words.text(label) : value;
}

/** A signature with the finger. */
export async function sign(context: StepContext<StepOf<"sign">>): Promise<StepResult> {
  let missing = false;
  for (;;) {
    context.show(() => {
      const { text } = context.words();
      return {
        kind: "sign",
        title: text("sign.title"),
        body: text("sign.body"),
        clear: text("sign.clear"),
        next: text("ui.next"),
        ...(missing ? { error: text("error.signature") } : {}),
      };
    });
    const { strokes } = await context.input("sign");
    if (strokes.reduce((points, stroke) => points + stroke.length, 0) >= MIN_POINTS) {
      context.folder.put(
        { part: "signature", kind: "signature" },
        "application/json",
        Buffer.from(JSON.stringify({ strokes })),
      );
      return next();
    }
    missing = true;
  }
}

/** Fewer points than this are a touch, not a signature. */
const MIN_POINTS = 8;

/** A closing text. */
export async function message(context: StepContext<StepOf<"message">>): Promise<StepResult> {
  const { step } = context;
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: step.face,
      title: text(`${step.id}.title`),
      body: text(`${step.id}.body`),
      actions: [{ id: "done", label: text("ui.done") }],
    };
  });
  await context.input("action");
  return next();
}
