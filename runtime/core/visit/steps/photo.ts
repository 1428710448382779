import type { StepOf } from "../../../../flows/index.ts";
import type { Face, Option } from "../../screen/model.ts";
import { keep, next, type StepContext, type StepResult } from "../context.ts";
import { withPreview } from "./preview.ts";

/** A photograph with a live view; the check says what to change, and the person uses one that passes. */
export async function photo(context: StepContext<StepOf<"photo">>): Promise<StepResult> {
  const { step, office, folder } = context;
  const { devices } = office;
  void devices.senses("vision.warm", {});
  const draw = (shown: {
    face: Face;
    advice?: string[];
    actions: string[];
    picture?: string;
    attempt: number;
  }): void =>
    context.show(() => {
      const { text } = context.words();
      return {
        kind: "photo",
        title: text(`${step.id}.title`),
        body: text(shown.face === "succeeded" ? "photo.good" : "photo.body"),
        face: shown.face,
        advice: (shown.advice ?? []).map((key) => text(key)),
        attempt: shown.attempt,
        attempts: step.attempts,
        actions: shown.actions.map((id): Option => ({ id, label: text(`photo.${id}`) })),
        ...(shown.picture ? { picture: shown.picture } : { preview: "/preview/portrait" }),
      };
    });
  const used = await withPreview(context, "portrait", async () => {
    let advice: string[] = [];
    for (let attempt = 1; attempt <= step.attempts; ) {
      draw({ face: advice.length ? "again" : "waiting", advice, actions: ["take"], attempt });
      await context.input("action");
      draw({ face: "working", advice: ["photo.working"], actions: [], attempt });
      const taken = await context.wait(
        devices.senses("photo.take", { session: context.session, profile: step.profile }),
      );
      if (!taken.ok) {
        await context.failed(taken.error);
        continue;
      }
      const { pass, verdicts } = taken.value.body;
      const [jpeg, cropped] = taken.value.parts.map(keep);
      const best = cropped?.length ? cropped : jpeg;
      if (best !== jpeg) jpeg?.fill(0);
      if (!pass || !best) {
        best?.fill(0);
        // One thing at a time: the first that is wrong.
        advice = verdicts
          .filter((verdict) => !verdict.pass && verdict.advice)
          .map((verdict) => `photo.${verdict.advice}`)
          .slice(0, 1);
        attempt++;
        continue;
      }
      const picture = context.picture(best);
      draw({ face: "succeeded", actions: ["use", "retake"], picture, attempt });
      const { id } = await context.input("action");
      if (id === "use") {
        folder.put({ part: "photo", kind: "photo" }, "image/jpeg", best);
        return true;
      }
      best.fill(0);
      advice = [];
      attempt++;
    }
    return false;
  });
  if (used) return next();
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "again",
      title: text(`${step.id}.title`),
      body: text("photo.officer"),
      actions: [{ id: "go", label: text("ui.next") }],
    };
  });
  await context.input("action");
  return next();
}
