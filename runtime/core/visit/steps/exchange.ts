import type { Static } from "@sinclair/typebox";
import type { StepOf } from "../../../../flows/index.ts";
import type { vaultEvents } from "../../../ipc/index.ts";
import type { Face } from "../../screen/model.ts";
import { end, next, type StepContext, type StepResult } from "../context.ts";

const SCAN_MS = 120_000;

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
    const reading = office.devices.senses("code.scan", { session: context.session, userTimeMs: SCAN_MS });
    const first = await context.either(reading, "action");
    if ("input" in first) {
      await office.devices.senses("cancel", { session: context.session });
      await reading;
      return undefined;
    }
    if (first.work.ok) return first.work.value.body.text.trim();
    if (first.work.error.code === "device.timeoutUser") advice = "scan.timeout";
    else await context.failed(first.work.error);
  }
}

/** The credentials of those who load; the vault decides how many it needs. */
export async function credentials(context: StepContext<StepOf<"credentials">>): Promise<StepResult> {
  const { office } = context;
  await office.devices.senses("preview.start", { role: "document" });
  try {
    const shown: string[] = [];
    let advice: string | undefined;
    for (;;) {
      const code = await scan(context, {
        body: shown.length ? "exchange.second" : "exchange.credential",
        advice,
        action: { id: "stop", label: "ui.done" },
      });
      if (code === undefined) return end("abandoned");
      if (shown.includes(code)) continue;
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
      advice = "exchange.refused";
    }
  } finally {
    await office.devices.senses("preview.stop", { role: "document" });
  }
}

type ExchangeEvent = Static<(typeof vaultEvents)["exchange"]>;

/** Item after item: scan, lit slot, door; until staff finish. */
export async function load(context: StepContext<StepOf<"load">>): Promise<StepResult> {
  const { office, answers } = context;
  const exchange = String(answers.exchange ?? "");
  let advice: string | undefined;
  let values: Record<string, string | number> = {};
  await office.devices.senses("preview.start", { role: "document" });
  try {
    for (;;) {
      const item = await scan(context, {
        body: "exchange.item",
        advice,
        values,
        action: { id: "finish", label: "exchange.finish" },
      });
      if (item === undefined) break;
      const assignment = await office.collections.assignmentOf(item);
      if (!assignment || item.length < 4 || item.length > 40) {
        advice = "exchange.notAssigned";
        continue;
      }
      const ended = endOfLoad(context);
      const loading = await context.wait(
        office.devices.vault("exchange.load", { exchange, item, assignment }),
      );
      if (!loading.ok) {
        ended.stop();
        advice = adviceFor(loading.error.code);
        if (advice) continue;
        return end("failedDevice");
      }
      const { slot, effect } = loading.value.body;
      draw(context, "exchange.put", "waiting", slot);
      const phase = await context.wait(ended.of(effect));
      advice = `exchange.${phase}`;
      values = { slot };
    }
  } finally {
    await office.devices.senses("preview.stop", { role: "document" });
  }
  const ended = await context.wait(office.devices.vault("exchange.end", { exchange }));
  const loaded = ended.ok ? ended.value.body.loaded : 0;
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "succeeded",
      title: text(`${context.step.id}.title`),
      body: text("exchange.sum", { loaded }),
      actions: [{ id: "done", label: text("ui.done") }],
    };
  });
  await context.input("action");
  return next();
}

function adviceFor(code: string): string | undefined {
  switch (code) {
    case "vault.itemAlreadyLoaded":
      return "exchange.already";
    case "vault.noSlot":
      return "exchange.noSlot";
    case "vault.wrongItem":
    case "vault.expired":
    case "vault.otherUnit":
      return "exchange.notAssigned";
    default:
      return undefined;
  }
}

function draw(context: StepContext, body: string, face: Face, slot: string): void {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "door",
      title: text(`${context.step.id}.title`),
      body: text(body, { slot }),
      face,
      slot,
      slots: context.office.devices.slots.map((own) => own.slot),
      actions: [],
    };
  });
}

/** Hears how loads end, from before they are asked for, so that a quick one is not missed. */
function endOfLoad(context: StepContext): {
  of(effect: string): Promise<"stored" | "empty" | "unknown">;
  stop(): void;
} {
  const heard = new Map<string, ExchangeEvent["phase"]>();
  let wake: () => void = () => undefined;
  const stop = context.office.devices.onVault("exchange", (event) => {
    if (event.phase === "unlocked" || event.phase === "opened") return;
    heard.set(event.effect, event.phase);
    wake();
  });
  return {
    stop,
    of: async (effect) => {
      for (;;) {
        const phase = heard.get(effect);
        if (phase === "stored" || phase === "empty" || phase === "unknown") {
          stop();
          return phase;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
