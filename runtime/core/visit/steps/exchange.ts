import { deviceFault } from "../../../../drivers/contract/index.ts";
import { err } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import { drawDoor, end, next, type StepContext, type StepResult, tell } from "../context.ts";
import { fromStore } from "../failure.ts";
import { withPreview } from "./preview.ts";
import { endExchange, staffMotions } from "./staff.ts";

const SCAN_MS = 120_000;
/** Time to read an advice, and to take away the code that it is about, ms. */
const READ_MS = 700;

/** Scans one code; undefined when the person touched the action instead. */
async function scan(
  context: StepContext,
  shown: {
    body: string;
    advice?: string | undefined;
    values?: Record<string, string | number>;
    action: { id: string; label: string };
  },
): Promise<string | undefined> {
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
    const reading = context.sleep(now ? READ_MS : 0, left.signal).then(() => {
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

/** The credentials of those who load; the vault decides how many it needs. */
export const credentials = (context: StepContext<StepOf<"credentials">>): Promise<StepResult> =>
  withPreview(context, "document", () => begin(context));

async function begin(context: StepContext): Promise<StepResult> {
  const { office } = context;
  const shown: string[] = [];
  let advice: string | undefined;
  for (;;) {
    const code = await scan(context, {
      body: shown.length ? "exchange.second" : "exchange.credential",
      advice,
      action: { id: "stop", label: "ui.done" },
    });
    if (code === undefined) return end("abandoned");
    if (shown.includes(code)) {
      await context.pause(READ_MS);
      continue;
    }
    shown.push(code);
    const begun = await context.wait(
      office.devices.vault("exchange.begin", { credentials: shown.slice(-2) }),
    );
    if (begun.ok) return next({ exchange: begun.value.body.exchange });
    if (begun.error.code === "vault.witnessNeeded") {
      advice = shown.length > 1 ? "exchange.samePerson" : undefined;
      if (shown.length > 1) shown.pop();
      continue;
    }
    shown.length = 0;
    if (begun.error.code === "ipc.gone") await context.failed(begun.error);
    advice = begun.error.code === "ipc.gone" ? undefined : "exchange.refused";
  }
}

/** Item after item: scan, lit slot, door; until staff finish. However it ends, the vault is told that it has. */
export async function load(context: StepContext<StepOf<"load">>): Promise<StepResult> {
  const exchange = String(context.answers.exchange ?? "");
  let over = false;
  let ended: Awaited<ReturnType<typeof endExchange>>;
  try {
    over = await withPreview(context, "document", () => loadItems(context, exchange));
  } finally {
    ended = await endExchange(context, exchange);
  }
  const loaded = ended.ok ? ended.value.body.loaded : 0;
  if (over) await tell(context, "exchange.over");
  else await tell(context, "exchange.sum", { face: "succeeded", values: { loaded } });
  return next();
}

/** Credentials are compact JWS; no item's code is like that. */
const isCredential = (text: string): boolean => /^[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}$/.test(text);

/** Answers true when the vault has ended the exchange itself. */
async function loadItems(context: StepContext, exchange: string): Promise<boolean> {
  const { office } = context;
  let advice: string | undefined;
  let values: Record<string, string | number> = {};
  for (;;) {
    const item = await scan(context, {
      body: "exchange.item",
      advice,
      values,
      action: { id: "finish", label: "exchange.finish" },
    });
    if (item === undefined) return false;
    if (isCredential(item)) {
      // It still lies where it was shown.
      await context.pause(READ_MS);
      continue;
    }
    const known = item.length >= 4 && item.length <= 40;
    const assignment = known
      ? await fromStore(context, () => office.collections.assignmentOf(item))
      : undefined;
    if (!assignment) {
      advice = "exchange.notAssigned";
      continue;
    }
    const ended = staffMotions(context);
    try {
      const loading = await context.commit(
        office.devices.vault("exchange.load", { exchange, item, assignment }),
      );
      if (loading.ok) {
        const { slot, effect } = loading.value.body;
        drawDoor(context, slot, "exchange.put", "waiting");
        // The door may be open: the exchange cannot be left before the vault has said what became of it.
        advice = `exchange.${await context.commit(ended.of(effect))}`;
        values = { slot };
        continue;
      }
      const { code } = loading.error;
      if (code === "vault.noExchange") return true;
      advice = REFUSALS[code];
      if (!advice) await context.failed(loading.error);
    } finally {
      ended.stop();
    }
  }
}

/** What is said when the vault refuses to open a slot for an item. */
const REFUSALS: Readonly<Record<string, string>> = {
  "vault.itemAlreadyLoaded": "exchange.already",
  "vault.noSlot": "exchange.noSlot",
  "vault.wrongItem": "exchange.notAssigned",
  "vault.expired": "exchange.notAssigned",
  "vault.notYet": "exchange.notAssigned",
  "vault.otherUnit": "exchange.notAssigned",
  "vault.creditUsed": "exchange.creditUsed",
  "vault.interlocked": "exchange.interlocked",
  "vault.slotBusy": "exchange.interlocked",
};
