import { deviceFault } from "../../../../drivers/contract/index.ts";
import { err } from "../../../../drivers/kit/index.ts";
import type { StepContext } from "../context.ts";

const SCAN_MS = 60_000;
/** Time to read an advice, and to take away the code that it is about, ms. */
const READ_MS = 700;

export interface Scan {
  body: string;
  advice?: string | undefined;
  values?: Record<string, string | number>;
  action: { id: string; label: string };
  /** A code that says nothing new still lies there: it is given time to be taken away. */
  still?: boolean;
}

/** Scans one code; undefined when the person touched the action instead, which they can at any moment. */
export async function scanCode(context: StepContext, shown: Scan): Promise<string | undefined> {
  const { office, step } = context;
  for (let advice = shown.advice; ; ) {
    const now = advice;
    context.show(() => {
      const { text } = context.words();
      return {
        kind: "scan",
        title: text(`${step.id}.title`),
        body: text(shown.body),
        face: now ? "again" : "waiting",
        preview: "/preview/document",
        actions: [{ id: shown.action.id, label: text(shown.action.label) }],
        ...(now ? { advice: text(now, shown.values ?? {}) } : {}),
      };
    });
    const left = new AbortController();
    const reading = context.sleep(now || shown.still ? READ_MS : 0, left.signal).then(() => {
      if (left.signal.aborted) return err(deviceFault("canceled"));
      return office.devices.senses("code.scan", { session: context.session, userTimeMs: SCAN_MS });
    });
    const first = await context.either(reading, ["action"], ({ body }) => body.text);
    if ("input" in first) {
      left.abort();
      await office.devices.senses("cancel", { session: context.session });
      await context.wait(reading);
      return undefined;
    }
    if (first.work.ok) return first.work.value.body.text.trim();
    if (first.work.error.code === "device.timeoutUser") advice = "scan.timeout";
    else await context.failed(first.work.error);
  }
}
