import type { StepOf } from "../../../../flows/index.ts";
import type { QrMatrix } from "../../screen/model.ts";
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

/** Reference number and receipt, to photograph. */
export async function receipt(context: StepContext<StepOf<"receipt">>): Promise<StepResult> {
  const { submitted, identity } = context.folder;
  if (!submitted) throw new TypeError("a receipt without a submission");
  const qr = await qrMatrix(submitted.receiptCode);
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "receipt",
      title: text("receipt.title"),
      body: text("receipt.body"),
      reference: submitted.reference,
      referenceLabel: text("receipt.reference"),
      qr,
      lines: [...(identity.way === "officer" ? [text("receipt.officer")] : []), text("receipt.days")],
      done: text("receipt.done"),
    };
  });
  await context.input("next", "action");
  return next();
}

/** A QR code (ISO/IEC 18004) with error correction M, as rows of modules. */
async function qrMatrix(text: string): Promise<QrMatrix> {
  const { default: qrcode } = await import("qrcode");
  const { modules } = qrcode.create(text, { errorCorrectionLevel: "M" });
  const rows = Array.from({ length: modules.size }, (_, y) =>
    Array.from({ length: modules.size }, (_, x) => (modules.get(y, x) ? "1" : "0")).join(""),
  );
  return { size: modules.size, rows };
}
