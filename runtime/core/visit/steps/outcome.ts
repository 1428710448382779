import type { Handover } from "../../../ipc/index.ts";
import { drawDoor, type StepContext } from "../context.ts";

/** Longest that a hand-over may keep a person: the vault ends an open door itself before. */
const HANDOVER_MS = 200_000;
const ASK_MS = 2_000;

/** The vault is being started again, or a lock missed a look. */
export const COMES_BACK: ReadonlySet<string> = new Set(["ipc.gone", "vault.notReady"]);

type Outcome = NonNullable<Handover["outcome"]>;

/** The vault is away, and it is not known yet what it has done. */
export function drawAway(context: StepContext): void {
  context.show(() => {
    const { text } = context.words();
    return { kind: "wait", title: text("ui.wait"), body: text("collect.away") };
  });
}

/** Follows the vault's events of one slot onto the screen; `seen` once there was one. */
export function watchHandover(
  context: StepContext,
  slot: string,
): { outcome: Promise<Outcome>; seen(): boolean; stop(): void } {
  const { devices } = context.office;
  let seen = false;
  let settle: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const stop = devices.onVault("handover", (handover) => {
    if (handover.slot !== slot) return;
    seen = true;
    if (handover.phase === "issued" || handover.phase === "unlocked")
      drawDoor(context, slot, "door.opening", "working");
    if (handover.phase === "opened" || handover.phase === "presented")
      drawDoor(context, slot, "door.open", "waiting");
    if (handover.phase === "done" && handover.outcome) settle(handover.outcome);
  });
  return { outcome, seen: () => seen, stop };
}

/**
 * Asks the vault what became of the command, in case its event was missed, for as long as a hand-over can take.
 * @param lost the voucher of a release that nothing was answered to; `never` when the vault has not taken it and will not
 */
export async function askUntilKnown(
  context: StepContext,
  command: string,
  signal: AbortSignal,
  lost: string | undefined,
): Promise<Outcome | "never"> {
  const { devices } = context.office;
  const ask = async () => {
    const known = await devices.vault("collect.outcome", { command });
    return known.ok ? (known.value.body.handover ?? "none") : undefined;
  };
  for (let asked = 0; asked < HANDOVER_MS && !signal.aborted; asked += ASK_MS) {
    await context.sleep(ASK_MS, signal);
    let handover = await ask();
    if (handover === "none" && lost && (await isDecided(context, lost))) {
      handover = await ask();
      if (handover === "none") return "never";
    }
    if (typeof handover === "object" && handover.phase === "done" && handover.outcome)
      return handover.outcome;
  }
  return "unknown";
}

/**
 * Whether every release that has reached the vault is accepted or refused: it judges one request after the other, so that
 * one which is judged now comes behind them. Moves nothing.
 */
async function isDecided(context: StepContext, voucher: string): Promise<boolean> {
  const begun = await context.office.devices.vault("collect.begin", { voucher });
  return begun.ok || !COMES_BACK.has(begun.error.code);
}
