import type { StepOf } from "../../../../flows/index.ts";
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
      await context.wait(reading);
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
      if (begun.error.code === "ipc.gone") await context.failed(begun.error);
      advice = begun.error.code === "ipc.gone" ? undefined : "exchange.refused";
    }
  } finally {
    await office.devices.senses("preview.stop", { role: "document" });
  }
}

/** Item after item: scan, lit slot, door; until staff finish. However it ends, the vault is told that it has. */
export async function load(context: StepContext<StepOf<"load">>): Promise<StepResult> {
  const { office, answers } = context;
  const exchange = String(answers.exchange ?? "");
  await office.devices.senses("preview.start", { role: "document" });
  let over = false;
  let ended: Awaited<ReturnType<typeof endExchange>>;
  try {
    over = await loadItems(context, exchange);
  } finally {
    await office.devices.senses("preview.stop", { role: "document" });
    ended = await endExchange(context, exchange);
  }
  const loaded = ended.ok ? ended.value.body.loaded : 0;
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: over ? "cannot" : "succeeded",
      title: text(`${context.step.id}.title`),
      body: over ? text("exchange.over") : text("exchange.sum", { loaded }),
      actions: [{ id: "done", label: text("ui.done") }],
    };
  });
  await context.input("action");
  return next();
}

const endExchange = (context: StepContext, exchange: string) =>
  context.office.devices.vault("exchange.end", { exchange });

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
    const known = item.length >= 4 && item.length <= 40;
    const assignment = known ? await context.wait(office.collections.assignmentOf(item)) : undefined;
    if (!assignment) {
      advice = "exchange.notAssigned";
      continue;
    }
    const ended = endOfLoad(context);
    try {
      const loading = await context.commit(
        office.devices.vault("exchange.load", { exchange, item, assignment }),
      );
      if (loading.ok) {
        const { slot, effect } = loading.value.body;
        draw(context, "exchange.put", "waiting", slot);
        advice = `exchange.${await context.wait(ended.of(effect))}`;
        values = { slot };
        continue;
      }
      const { code } = loading.error;
      if (code === "vault.noExchange") return true;
      advice = ADVICE[code];
      if (!advice) await context.failed(loading.error);
    } finally {
      ended.stop();
    }
  }
}

const ADVICE: Readonly<Record<string, string>> = {
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

type End = "stored" | "empty" | "presented" | "unknown";

/** Hears how loads end, from before they are asked for, so that a quick one is not missed. A vault that is gone: unknown. */
function endOfLoad(context: StepContext): { of(effect: string): Promise<End>; stop(): void } {
  const { devices } = context.office;
  const heard = new Map<string, End>();
  let gone = false;
  let wake: () => void = () => undefined;
  const offs = [
    devices.onVault("exchange", ({ effect, phase }) => {
      if (phase === "unlocked" || phase === "opened") return;
      heard.set(effect, phase);
      wake();
    }),
    devices.events.on("gone", (side) => {
      if (side !== "vault") return;
      gone = true;
      wake();
    }),
  ];
  return {
    stop: () => {
      for (const off of offs) off();
    },
    of: async (effect) => {
      for (;;) {
        const phase = heard.get(effect) ?? (gone ? "unknown" : undefined);
        if (phase) return phase;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
