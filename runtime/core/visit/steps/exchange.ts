import type { StepOf } from "../../../../flows/index.ts";
import { drawDoor, end, next, type StepContext, type StepResult, tell } from "../context.ts";
import { fromStore } from "../failure.ts";
import { withPreview } from "./preview.ts";
import { scanCode } from "./scan.ts";
import { endExchange, staffMotions } from "./staff.ts";

/** The credentials of those who load; the vault decides how many it needs. */
export const credentials = (context: StepContext<StepOf<"credentials">>): Promise<StepResult> =>
  withPreview(context, "document", () => begin(context));

async function begin(context: StepContext): Promise<StepResult> {
  const { office } = context;
  const shown: string[] = [];
  let advice: string | undefined;
  let still = false;
  for (;;) {
    const code = await scanCode(context, {
      body: shown.length ? "exchange.second" : "exchange.credential",
      advice,
      still,
      action: { id: "stop", label: "ui.done" },
    });
    if (code === undefined) return end("abandoned");
    still = shown.includes(code);
    if (still) continue;
    shown.push(code);
    // Whoever left now would leave an exchange open that nobody knows of.
    const begun = await context.commit(
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
    advice =
      begun.error.code === "ipc.gone" ? undefined : (NOT_BEGUN[begun.error.code] ?? "exchange.refused");
  }
}

/** What is said when an exchange cannot begin for another reason than a credential. */
const NOT_BEGUN: Readonly<Record<string, string>> = {
  "vault.exchangeOpen": "exchange.open",
  "vault.notReady": "exchange.notReady",
  "vault.staffAbsent": "exchange.staffAbsent",
  "vault.credentialUsed": "exchange.credentialUsed",
  "vault.slotBusy": "exchange.notReady",
};

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
  let still = false;
  for (;;) {
    const item = await scanCode(context, {
      body: "exchange.item",
      advice,
      values,
      still,
      action: { id: "finish", label: "exchange.finish" },
    });
    if (item === undefined) return false;
    // It still lies where it was shown.
    still = isCredential(item);
    if (still) continue;
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
        drawDoor(context, slot, "door.opening", "working");
        const opened = () => drawDoor(context, slot, "exchange.put", "waiting");
        // The door may be open: the exchange cannot be left before the vault has said what became of it.
        advice = `exchange.${await context.commit(ended.of(effect, opened))}`;
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
  "vault.staffAbsent": "exchange.staffAbsent",
  "vault.interlocked": "exchange.interlocked",
  "vault.slotBusy": "exchange.interlocked",
};
