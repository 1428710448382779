import type { StepOf } from "../../../../flows/index.ts";
import { next, type StepContext, type StepResult } from "../context.ts";

/** Seals and stores; only what is durable gets a reference. */
export async function submit(context: StepContext<StepOf<"submit">>): Promise<StepResult> {
  const { folder, office, form, answers } = context;
  for (;;) {
    context.show(() => {
      const { text } = context.words();
      return { kind: "wait", title: text("submit.title"), body: text("submit.body") };
    });
    const fields = Object.fromEntries(
      Object.keys(form.properties).flatMap((field) =>
        answers[field] === undefined || answers[field] === "" || !context.applies(field)
          ? []
          : [[field, answers[field]]],
      ),
    );
    // Once it is being stored, nobody can turn back: a second submission of the same would follow.
    const submitted = await context.commit(
      office.submissions.submit({
        language: context.language(),
        applications: context.submits.map((service) => ({ service, fields })),
        identity: folder.identity,
        captures: folder.captures(),
        parts: folder.parts(),
      }),
    );
    if (submitted.ok) {
      folder.submitted = submitted.value;
      office.telemetry.count("kiosk.submission.count");
      return next();
    }
    await context.failed(submitted.error);
  }
}
