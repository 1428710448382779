import { parseReceiptCode, parseReference } from "../../../../fleet/contract/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import { next, refuse, type StepContext, type StepResult } from "../context.ts";
import { fromStore } from "../failure.ts";
import { withPreview } from "./preview.ts";
import { scanCode } from "./scan.ts";

/** Reads the receipt's code and finds what is ready for its key; or, without it, goes by the reference number to an officer. */
export const findCollection = (context: StepContext<StepOf<"findCollection">>): Promise<StepResult> =>
  withPreview(context, "document", () => find(context));

async function find(context: StepContext<StepOf<"findCollection">>): Promise<StepResult> {
  const { office, folder } = context;
  let advice: string | undefined;
  for (;;) {
    const code = await scanCode(context, {
      body: "scan.receipt",
      advice,
      action: { id: "without", label: "scan.without" },
    });
    if (code === undefined) {
      const done = await byReference(context);
      if (done) return done;
      advice = undefined;
      continue;
    }
    const receipt = parseReceiptCode(code);
    if (!receipt.ok) {
      advice = receipt.error.code === "collection.torn" ? "scan.torn" : "scan.notReceipt";
      continue;
    }
    const vouchers = await fromStore(context, () => office.collections.vouchersOf(receipt.value.keyId));
    if (vouchers.length === 0) return refuse(context, "scan.nothing");
    folder.receiptKey = receipt.value.key.toString("base64url");
    folder.vouchers = vouchers;
    return next();
  }
}

/** Goes by the reference number; undefined when the person has a receipt after all. */
async function byReference(context: StepContext): Promise<StepResult | undefined> {
  let wrong = false;
  for (;;) {
    context.show(() => {
      const { text } = context.words();
      return {
        kind: "entry",
        title: text("find.reference"),
        hint: text("find.referenceHint"),
        field: "reference",
        keyboard: "hkic",
        picture: "notice",
        value: "",
        maxLength: 20,
        next: text("ui.next"),
        skip: text("scan.with"),
        ...(wrong ? { error: text("find.wrongReference") } : {}),
      };
    });
    const input = await context.input("text", "skip");
    if (input.type === "skip") return undefined;
    const reference = parseReference(input.value);
    if (!reference.ok) {
      wrong = true;
      continue;
    }
    const { collections } = context.office;
    const vouchers = await fromStore(context, () =>
      collections.vouchersOfReference(reference.value.reference),
    );
    if (vouchers.length === 0) return refuse(context, "scan.nothing");
    context.folder.vouchers = vouchers;
    return next();
  }
}
