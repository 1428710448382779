import { err, type Fault, ok, type Result } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import type { Face, View } from "../../screen/model.ts";
import { end, next, type StepContext, type StepResult } from "../context.ts";

/** How long a person may take to place a finger, ms. */
const USER_MS = 30_000;

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
        actions: [{ id: "cannot", label: text("finger.cannot") }],
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
    const first = await context.either(captured, "action").finally(off);
    if ("input" in first) {
      await context.office.devices.senses("cancel", { session: context.session });
      await captured;
      return err("cannot");
    }
    const { work } = first;
    if (work.ok) {
      const [image, template] = work.value.parts;
      if (!image || !template) throw new TypeError("capture without parts");
      context.show(() => draw({ face: "succeeded", advice: "finger.lift" }));
      await context.pause(900);
      const { width, height, quality, templateFormat } = work.value.body;
      return ok({
        image: Uint8Array.from(image),
        template: Uint8Array.from(template),
        width,
        height,
        quality,
        templateFormat,
      });
    }
    const reaction = reactionTo(work.error);
    if (reaction === "device") await context.failed(work.error);
    else {
      advice = reaction;
      attempt++;
    }
  }
  return err("failed");
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
    if (!finger.ok) return unproven(context, step.offline);
    const number = String(answers.number ?? "");
    const dateOfBirth = String(answers.dateOfBirth ?? "");
    context.show(() => {
      const { text } = context.words();
      return { kind: "wait", title: text(`${step.id}.title`), body: text("identify.checking") };
    });
    const { template, templateFormat, image } = finger.value;
    const probe = {
      number,
      dateOfBirth,
      template: Buffer.from(template).toString("base64url"),
      templateFormat,
    };
    const answer = await context.wait(office.questions.ask(probe, step.deadlineMs));
    template.fill(0);
    image.fill(0);
    folder.identity = { number, dateOfBirth, way: "officer" };
    if (answer.answer === "offline") return unproven(context, step.offline);
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
    return refuse(context, decision === "unknownPerson" ? "identify.unknown" : "identify.notEligible");
  }
  return refuse(context, "identify.refused");
}

/** The centre is away, or there is no finger: what the service says then. */
async function unproven(
  context: StepContext<StepOf<"identify">>,
  offline: "officer" | "refuse",
): Promise<StepResult> {
  if (offline === "refuse") return refuse(context, "identify.refused");
  context.folder.identity = {
    number: String(context.answers.number ?? ""),
    dateOfBirth: String(context.answers.dateOfBirth ?? ""),
    way: "officer",
  };
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "waiting",
      title: text(`${context.step.id}.title`),
      body: text("identify.officer"),
      actions: [{ id: "go", label: text("ui.next") }],
    };
  });
  await context.input("action");
  return next({ way: "officer" });
}

async function refuse(context: StepContext, body: string): Promise<StepResult> {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "cannot",
      title: text(`${context.step.id}.title`),
      body: text(body),
      actions: [{ id: "done", label: text("ui.done") }],
    };
  });
  await context.input("action");
  return end("refused");
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
  for (const position of step.positions) {
    if (folder.has(`finger-${position}-image`)) continue;
    const finger = await takeFinger(context, { ...step, position, title: `${step.id}.title` });
    if (finger.ok) {
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
      continue;
    }
    context.show(() => {
      const { text } = context.words();
      const name = text(`finger.${position}`);
      return {
        kind: "message",
        face: "again",
        title: text(`${step.id}.title`),
        body: text("finger.failed", { finger: name }),
        actions: [{ id: "go", label: text("ui.next") }],
      };
    });
    await context.input("action");
  }
  return next();
}
