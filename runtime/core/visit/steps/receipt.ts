import type { PrintDocument } from "../../../../drivers/contract/index.ts";
import { newId } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import type { QrMatrix } from "../../screen/model.ts";
import { next, type StepContext, type StepResult } from "../context.ts";

type Context = StepContext<StepOf<"receipt">>;

/** Where printing stands, and what is said of it. */
const SAID = {
  offered: undefined,
  running: "receipt.printing",
  presented: "receipt.printed",
  notMoved: "receipt.notPrinted",
  unknown: "receipt.printUnknown",
} as const;
type Printing = keyof typeof SAID;

/** Longer than a printer has for one document: senses that do not answer keep nobody for ever, ms. */
const PRINT_MS = 30_000;

/**
 * Reference number and receipt, to photograph; where a printer is ready, on paper too. It is printed once at most: what
 * became of that is said, and the code stays on the screen. While it is printed nobody leaves: the paper has the collection
 * key on it, and would come out before whoever is next.
 */
export async function receipt(context: Context): Promise<StepResult> {
  const { step, office } = context;
  const { submitted } = context.folder;
  if (!submitted) throw new TypeError("a receipt without a submission");
  const { reference, receiptCode } = submitted;
  const qr = await qrMatrix(receiptCode);
  const ready = office.devices
    .statuses()
    .some((device) => device.class === "printer" && device.lifecycle === "ready");
  let printing: Printing | undefined = ready ? "offered" : undefined;

  const show = () =>
    context.show(() => {
      const { text } = context.words();
      const said = printing && SAID[printing];
      return {
        kind: "receipt",
        title: text("receipt.title"),
        body: text("receipt.body"),
        reference,
        referenceLabel: text("receipt.reference"),
        qr,
        lines: linesOf(context),
        ...(said ? { printing: text(said) } : {}),
        actions: printing === "offered" ? [{ id: "print", label: text("receipt.print") }] : [],
        ...(printing === "running" ? {} : { done: text("receipt.done") }),
      };
    });
  const print = async () => {
    printing = "running";
    show();
    const document = documentOf(context, reference, receiptCode);
    const timer = new AbortController();
    const answer = await context.commit(
      Promise.race([
        office.devices.senses("receipt.print", { command: newId(), document }),
        context.sleep(PRINT_MS, timer.signal).then(() => undefined),
      ]),
    );
    timer.abort();
    // Whether a process that went away or does not answer had printed, nobody knows.
    printing = answer?.ok ? answer.value.body.outcome : "unknown";
  };

  if (printing && step.print === "always") await print();
  for (;;) {
    show();
    const input = await context.input("next", "action");
    if (input.type === "next" || input.id !== "print") return next();
    if (printing === "offered") await print();
  }
}

function linesOf(context: Context): string[] {
  const { text } = context.words();
  const byOfficer = context.folder.identity.way === "officer";
  return [...(byOfficer ? [text("receipt.officer")] : []), text("receipt.days")];
}

function documentOf(context: Context, reference: string, receiptCode: string): PrintDocument {
  const { text } = context.words();
  return {
    parts: [
      { text: text("service.title"), align: "centre" },
      { text: text("receipt.reference"), align: "centre" },
      { text: reference, size: "large", align: "centre" },
      { qr: receiptCode },
      ...linesOf(context).map((line) => ({ text: line })),
      { text: text("receipt.keep") },
    ],
  };
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
