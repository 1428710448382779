import type { StepOf } from "../../../../flows/index.ts";
import type { Face, Option } from "../../screen/model.ts";
import { keep, next, type StepContext, type StepResult, tell, unlessLeft } from "../context.ts";
import { withPreview } from "./preview.ts";

type Context = StepContext<StepOf<"photo">>;

/**
 * A photograph with a live view; the check says what to change, and the person uses one that passes. Who comes back to one
 * that is taken may keep it.
 */
export async function photo(context: Context): Promise<StepResult> {
  const { folder } = context;
  const before = folder.get("photo");
  if (before && (await isUsed(context, before, 1, true))) return next();
  const best = await withPreview(context, "portrait", () => takePhoto(context));
  if (best) {
    folder.put({ part: "photo", kind: "photo" }, "image/jpeg", best);
    return next();
  }
  // What is said now is true also for one who did not want the photo from before.
  folder.remove("photo");
  await tell(context, "photo.officer", { face: "again", action: "ui.next" });
  return next();
}

function draw(
  context: Context,
  shown: {
    face: Face;
    body: string;
    advice?: string[];
    actions: string[];
    picture?: string;
    attempt: number;
  },
): void {
  const { step } = context;
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "photo",
      title: text(`${step.id}.title`),
      body: text(shown.body),
      face: shown.face,
      advice: (shown.advice ?? []).map((key) => text(key)),
      attempt: shown.attempt,
      attempts: step.attempts,
      actions: shown.actions.map((id): Option => ({ id, label: text(`photo.${id}`) })),
      ...(shown.picture ? { picture: shown.picture } : { preview: "/preview/portrait" }),
    };
  });
}

/** Shows a photo that passed: whether the person wants it. After the last attempt none could follow, and it is the one. */
async function isUsed(context: Context, photo: Uint8Array, attempt: number, more: boolean): Promise<boolean> {
  const picture = context.picture(photo);
  const body = more ? "photo.good" : "photo.last";
  draw(context, { face: "succeeded", body, actions: more ? ["use", "retake"] : ["use"], picture, attempt });
  return (await context.input("action")).id === "use";
}

/** A photo that passed and that the person uses; undefined after the last attempt. Every other one is overwritten. */
async function takePhoto(context: Context): Promise<Uint8Array | undefined> {
  const { step, office } = context;
  void office.devices.senses("vision.warm", {});
  let advice: string[] = [];
  for (let attempt = 1; attempt <= step.attempts; ) {
    const body = "photo.body";
    draw(context, { face: advice.length ? "again" : "waiting", body, advice, actions: ["take"], attempt });
    await context.input("action");
    draw(context, { face: "working", body, advice: ["photo.working"], actions: [], attempt });
    const taking = office.devices.senses("photo.take", { session: context.session, profile: step.profile });
    const taken = await unlessLeft(taking, context.wait(taking));
    if (!taken.ok) {
      await context.failed(taken.error);
      continue;
    }
    const { pass, verdicts } = taken.value.body;
    const [jpeg, cropped] = taken.value.parts.map(keep);
    const best = cropped?.length ? cropped : jpeg;
    if (best !== jpeg) jpeg?.fill(0);
    attempt++;
    advice = [];
    if (pass && best) {
      let used = false;
      try {
        used = await isUsed(context, best, attempt - 1, attempt <= step.attempts);
        if (used) return best;
      } finally {
        if (!used) best.fill(0);
      }
      continue;
    }
    best?.fill(0);
    // One thing at a time: the first that is wrong.
    advice = verdicts
      .filter((verdict) => !verdict.pass && verdict.advice)
      .map((verdict) => `photo.${verdict.advice}`)
      .slice(0, 1);
  }
  return undefined;
}
