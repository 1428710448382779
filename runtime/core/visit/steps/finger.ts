import { err, type Fault, ok, type Result } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import type { Face, View } from "../../screen/model.ts";
import {
  forgetParts,
  keep,
  next,
  refuse,
  type StepContext,
  type StepResult,
  tell,
  unlessLeft,
} from "../context.ts";

/** How long a person may take to place a finger, ms. */
const USER_MS = 30_000;
/** Time to read an advice, ms. */
const READ_MS = 1_500;

/** How long the screen says that the finger can be lifted, ms. */
const LIFT_MS = 900;

interface Captured {
  image: Uint8Array;
  template: Uint8Array;
  width: number;
  height: number;
  quality: number;
  templateFormat: string;
}

interface Showing {
  face: Face;
  advice?: string;
}

type View1 = (showing: Showing) => View;

/**
 * One finger, with prompts and advice, until it is good enough. `cannot` when the person says so, `failed` when every
 * attempt was poor. A device that failed is shown and tried again.
 */
async function takeFinger(
  context: StepContext,
  ask: { position: number; minQuality: number; attempts: number; title: string; first?: string | undefined },
): Promise<Result<Captured, "cannot" | "failed">> {
  const view =
    (attempt: number): View1 =>
    (showing) => {
      const { text } = context.words();
      const finger = text(`finger.${ask.position}`);
      return {
        kind: "finger",
        title: text(ask.title),
        body: text("finger.place", { finger }),
        face: showing.face,
        position: ask.position,
        attempt,
        attempts: ask.attempts,
        // A finger that has been taken was given.
        actions: showing.face === "succeeded" ? [] : [{ id: "cannot", label: text("finger.cannot") }],
        ...(showing.advice ? { advice: text(showing.advice, { finger }) } : {}),
      };
    };
  let advice = ask.first;
  for (let attempt = 1; attempt <= ask.attempts; ) {
    const draw = view(attempt);
    const showing: Showing = { face: advice ? "again" : "waiting", ...(advice ? { advice } : {}) };
    context.show(() => draw(showing));
    const off = context.office.devices.onSenses("finger.prompt", ({ session, prompt }) => {
      if (session !== context.session) return;
      if (prompt === "working" || prompt === "lift")
        context.show(() => draw({ face: "working", advice: `finger.${prompt}` }));
    });
    const captured = context.office.devices.senses("finger.capture", {
      session: context.session,
      position: ask.position,
      minQuality: ask.minQuality,
      userTimeMs: USER_MS,
    });
    const first = await unlessLeft(captured, context.either(captured, ["action"])).finally(off);
    if ("input" in first) {
      void forgetParts(captured);
      await context.office.devices.senses("cancel", { session: context.session });
      await context.wait(captured);
      return err("cannot");
    }
    const { work } = first;
    if (work.ok) {
      const [image, template] = work.value.parts;
      if (!image || !template) throw new TypeError("capture without parts");
      const { width, height, quality, templateFormat } = work.value.body;
      const taken = {
        image: keep(image),
        template: keep(template),
        width,
        height,
        quality,
        templateFormat,
      };
      context.show(() => draw({ face: "succeeded", advice: "finger.lift" }));
      try {
        await context.pause(LIFT_MS);
      } catch (left) {
        forget(taken);
        throw left;
      }
      return ok(taken);
    }
    const reaction = reactionTo(work.error);
    if (reaction === "device") await context.failed(work.error);
    else {
      advice = reaction;
      const poor = reaction;
      // The finger may still lie there: time to read what is wrong before it is taken again.
      context.show(() => draw({ face: "again", advice: poor }));
      if (await Promise.race([context.pause(READ_MS), context.input("action")])) return err("cannot");
      attempt++;
    }
  }
  return err("failed");
}

function forget({ image, template }: Captured): void {
  image.fill(0);
  template.fill(0);
}

/** Key of the advice for a capture that did not work, or "device" when it is not the person's to mend. */
function reactionTo(fault: Fault): string | "device" {
  if (fault.code === "device.timeoutUser") return "finger.timeout";
  if (fault.code !== "device.poorQuality") return "device";
  const advice = String(fault.fields.advice ?? "poorQuality");
  return `finger.${["tooDry", "tooWet", "moved"].includes(advice) ? advice : "poorQuality"}`;
}

/** One finger goes to the centre, sealed, with number and date of birth; its decision opens or closes the way. */
export async function identify(context: StepContext<StepOf<"identify">>): Promise<StepResult> {
  const { step, office, folder, answers } = context;
  let advice: string | undefined;
  for (let attempt = 1; attempt <= step.attempts; attempt++) {
    const finger = await takeFinger(context, { ...step, title: `${step.id}.title`, first: advice });
    if (!finger.ok) return unproven(context, step.offline, "identify.later");
    const number = String(answers.number ?? "");
    const dateOfBirth = String(answers.dateOfBirth ?? "");
    context.show(() => {
      const { text } = context.words();
      return { kind: "wait", title: text(`${step.id}.title`), body: text("identify.checking") };
    });
    const { template, templateFormat } = finger.value;
    const probe = {
      number,
      dateOfBirth,
      template: Buffer.from(template).toString("base64url"),
      templateFormat,
    };
    forget(finger.value);
    const answer = await context.wait(office.questions.ask(probe, step.deadlineMs));
    folder.identity = { number, dateOfBirth, way: "officer" };
    if (answer.answer === "offline") return unproven(context, step.offline, "identify.officer");
    const { decision, eligible } = answer.decision;
    const serves = context.submits.every((service) => eligible.includes(service));
    if (decision === "accepted" && serves) {
      folder.identity = { number, dateOfBirth, way: "centre", decision: answer.jws };
      return next({ ...fromPrefill(context, answer.prefill), way: "centre" });
    }
    if (decision === "refused") {
      advice = "identify.again";
      continue;
    }
    if (decision === "unknownPerson") return unknown(context);
    return refuse(context, "identify.notEligible");
  }
  return refuse(context, "identify.refused");
}

/** The centre is away, or there is no finger: what the service says then. */
async function unproven(
  context: StepContext<StepOf<"identify">>,
  offline: "officer" | "refuse",
  why: "identify.officer" | "identify.later",
): Promise<StepResult> {
  if (offline === "refuse") return refuse(context, "identify.refused");
  context.folder.identity = {
    number: String(context.answers.number ?? ""),
    dateOfBirth: String(context.answers.dateOfBirth ?? ""),
    way: "officer",
  };
  await tell(context, why, { face: "waiting", action: "ui.next" });
  return next({ way: "officer" });
}

/** Most times that number and date of birth can be corrected in one visit. */
const CORRECTIONS = 2;

/** Number and date of birth do not belong together: a slip can be mended, a search through numbers cannot be made. */
async function unknown(context: StepContext): Promise<StepResult> {
  if (++context.folder.unknown > CORRECTIONS) return refuse(context, "identify.refused");
  await tell(context, "identify.unknown", { face: "again", action: "identify.correct" });
  return { to: "back" };
}

/** The centre's facts as first answers of the form, where the form names them. */
function fromPrefill(context: StepContext, facts: Record<string, string>): Record<string, string> {
  const filled: Record<string, string> = {};
  for (const [field, rule] of Object.entries(context.form.properties)) {
    const fact = rule.prefill ? facts[rule.prefill] : undefined;
    if (fact && context.answers[field] === undefined) filled[field] = fact.slice(0, rule.maxLength);
  }
  return filled;
}

/** Several fingers for the document; one that cannot be given is said so and left to an officer. */
export async function fingers(context: StepContext<StepOf<"fingers">>): Promise<StepResult> {
  const { step, folder } = context;
  if (step.positions.every((position) => folder.has(`finger-${position}-image`))) {
    if (await keeps(context)) return next();
    for (const position of step.positions)
      for (const part of ["image", "template"]) folder.remove(`finger-${position}-${part}`);
  }
  for (const position of step.positions) {
    if (folder.has(`finger-${position}-image`)) continue;
    // One that was given up stays given up when another is tried again.
    while (!(await capture(context, position)) && (await wantsAgain(context, position)));
  }
  return next();
}

/** Takes one finger into the folder; false when it could not be taken. */
async function capture(context: StepContext<StepOf<"fingers">>, position: number): Promise<boolean> {
  const { step, folder } = context;
  const finger = await takeFinger(context, { ...step, position, title: `${step.id}.title` });
  if (!finger.ok) return false;
  const { image, template, width, height, quality, templateFormat } = finger.value;
  folder.put(
    { part: `finger-${position}-image`, kind: "fingerImage", position, width, height, quality },
    "application/octet-stream",
    image,
  );
  folder.put(
    { part: `finger-${position}-template`, kind: "fingerTemplate", position, quality, templateFormat },
    "application/octet-stream",
    template,
  );
  return true;
}

/** A finger could not be taken: the person goes on without it, or tries once more. */
async function wantsAgain(context: StepContext<StepOf<"fingers">>, position: number): Promise<boolean> {
  context.show(() => {
    const { text } = context.words();
    const name = text(`finger.${position}`);
    return {
      kind: "message",
      face: "again",
      title: text(`${context.step.id}.title`),
      body: text("finger.failed", { finger: name }),
      actions: [
        { id: "go", label: text("ui.next") },
        { id: "again", label: text("ui.again") },
      ],
    };
  });
  return (await context.input("action")).id === "again";
}

/** The person came back to fingers that are all taken. */
async function keeps(context: StepContext<StepOf<"fingers">>): Promise<boolean> {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "succeeded",
      title: text(`${context.step.id}.title`),
      body: text("finger.taken"),
      actions: [
        { id: "go", label: text("ui.next") },
        { id: "again", label: text("finger.takeAgain") },
      ],
    };
  });
  return (await context.input("action")).id === "go";
}
