import type { StepOf } from "../../../../flows/index.ts";
import type { Slot } from "../../../ipc/index.ts";
import { drawDoor, next, type StepContext, type StepResult, tell } from "../context.ts";
import { endExchange, staffMotions } from "./staff.ts";

/** Slots on one page; a touch leads to the next ones. */
const PAGE = 6;

/** Slot after slot: chosen, opened, emptied, closed; until staff finish. However it ends, the vault is told that it has. */
export async function unload(context: StepContext<StepOf<"unload">>): Promise<StepResult> {
  const exchange = String(context.answers.exchange ?? "");
  let over = false;
  let ended: Awaited<ReturnType<typeof endExchange>>;
  try {
    over = await emptySlots(context, exchange);
  } finally {
    ended = await endExchange(context, exchange);
  }
  const unloaded = ended.ok ? ended.value.body.unloaded : 0;
  if (over) await tell(context, "exchange.over");
  else await tell(context, "unload.sum", { face: "succeeded", values: { unloaded } });
  return next();
}

/** What is said when the vault refuses to open a slot. */
const REFUSALS: Readonly<Record<string, string>> = {
  "vault.notLoaded": "unload.now.empty",
  "vault.creditUsed": "exchange.creditUsed",
  "vault.staffAbsent": "unload.staffAbsent",
  "vault.interlocked": "unload.interlocked",
  "vault.slotBusy": "unload.interlocked",
};

/** Answers true when the vault has ended the exchange itself. */
async function emptySlots(context: StepContext, exchange: string): Promise<boolean> {
  let said: Said | undefined;
  let page = 0;
  for (;;) {
    const slots = await occupied(context);
    if (page * PAGE >= slots.length) page = 0;
    const id = await choice(context, slots, page, said);
    if (id === "finish") return false;
    if (id === "more") {
      page++;
      continue;
    }
    said = await emptySlot(context, exchange, id);
    if (said === undefined) return true;
  }
}

interface Said {
  key: string;
  slot: string;
}

/** Opens one slot and waits for its door; undefined when the exchange is over. */
async function emptySlot(context: StepContext, exchange: string, slot: string): Promise<Said | undefined> {
  const motions = staffMotions(context);
  try {
    const asked = await context.commit(context.office.devices.vault("exchange.unload", { exchange, slot }));
    if (asked.ok) {
      drawDoor(context, slot, "door.opening", "working");
      const opened = () => drawDoor(context, slot, "unload.take", "waiting");
      // The door may be open: the exchange cannot be left before the vault has said what became of it.
      const became = await context.commit(motions.of(asked.value.body.effect, opened));
      return { key: `unload.now.${became}`, slot };
    }
    const { code } = asked.error;
    if (code === "vault.noExchange") return undefined;
    const key = REFUSALS[code];
    if (!key) await context.failed(asked.error);
    return { key: key ?? "unload.which", slot };
  } finally {
    motions.stop();
  }
}

/** Slots that are not empty, or in which something lies all the same; those first at which somebody has to look. */
async function occupied(context: StepContext): Promise<Slot[]> {
  for (;;) {
    const status = await context.wait(context.office.devices.vault("status", {}));
    if (!status.ok) {
      await context.failed(status.error);
      continue;
    }
    const rank = ({ state }: Slot): number => (state === "loaded" ? 1 : 0);
    return status.value.body.slots
      .filter(({ state, item }) => state !== "empty" || item === "present")
      .sort((a, b) => rank(a) - rank(b));
  }
}

async function choice(
  context: StepContext,
  slots: readonly Slot[],
  page: number,
  said: Said | undefined,
): Promise<string> {
  context.show(() => {
    const { text } = context.words();
    const shown = slots.slice(page * PAGE, (page + 1) * PAGE);
    const which = slots.length > 0 ? "unload.which" : "unload.none";
    return {
      kind: "choose",
      title: text(`${context.step.id}.title`),
      body: said ? text(said.key, { slot: said.slot }) : text(which),
      options: [
        ...shown.map(({ slot, state }) => ({
          id: `slot.${slot}`,
          label: text("unload.slot", { slot }),
          detail: text(`unload.${state}`),
        })),
        ...(slots.length > PAGE ? [{ id: "more", label: text("unload.more") }] : []),
        { id: "finish", label: text("ui.done") },
      ],
    };
  });
  const { id } = (await context.input("choose")) as { id: string };
  return id.replace(/^slot\./, "");
}
