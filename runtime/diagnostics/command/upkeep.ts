import { readlink } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Static } from "@sinclair/typebox";
import { type Clock, type Fault, systemClock } from "../../../drivers/kit/index.ts";
import { askHealth, type SlotReason, slotsAgainstRest, type vaultMethods } from "../../ipc/index.ts";
import { diagnosticFault } from "../messages.ts";
import { askVault } from "./vault.ts";
import { waitingIn } from "./waiting.ts";
import { type Out, tellFault } from "./words.ts";

export const UPKEEP_USAGE = `guichet rest [--wait SECONDS]                 whether the unit may be stopped now: nobody before it, no
                                             door open, nothing under way, nothing on trial; exit code 3 if not
guichet items                                how many items lie in the unit, by its ledger
guichet waiting                              how many submissions and rows of the journal the centre has not received;
                                             asked while the core is stopped`;

/** Why the unit is not to be stopped now. */
export type Reason = { why: "visit" | "exchange" | "unsettled" | "trial" } | SlotReason;

type VaultStatus = Static<(typeof vaultMethods)["status"]["answer"]>;

const WORDS: Readonly<Record<Reason["why"], string>> = {
  visit: "somebody is at the screen",
  exchange: "staff load or empty the cabinet",
  unsettled: "the vault is looking at what the last stop left",
  trial: "a new configuration is on trial",
  doorOpen: "its door is open",
  presented: "an item lies out and has not been taken",
};

const LOOK_MS = 1_000;
/** An exit code of its own: Node's own end, and that of a shell that finds no program, must not be taken for it. */
const NOT_AT_REST = 3;

/** What the vault says of itself; undefined while it does not run. */
const statusOf = (state: string): Promise<VaultStatus | undefined> =>
  askVault(state, async (peer) => {
    const answer = await peer.call("status", {});
    return answer.ok ? answer.value.body : undefined;
  });

const inUse = ({ state }: VaultStatus["slots"][number]): boolean => state !== "empty";

/** Everything that speaks against stopping the unit now; a process that does not run has nothing under way. */
export async function reasonsAgainst(state: string): Promise<Reason[]> {
  const [health, vault, active, committed] = await Promise.all([
    askHealth(state).catch(() => undefined) as Promise<{ state?: string } | undefined>,
    statusOf(state),
    readlink(join(state, "config")).catch(() => undefined),
    readlink(join(state, "committed")).catch(() => undefined),
  ]);
  const reasons: Reason[] = [];
  if (active !== committed) reasons.push({ why: "trial" });
  if (health?.state === "visit") reasons.push({ why: "visit" });
  if (!vault) return reasons;
  if (vault.exchange) reasons.push({ why: "exchange" });
  if (!vault.ready) reasons.push({ why: "unsettled" });
  return [...reasons, ...slotsAgainstRest(vault.slots)];
}

/**
 * `guichet rest`, `guichet items` and `guichet waiting`: what the package asks before it stops a unit or takes away what it knows.
 * @returns the exit code: 0, 1 when the unit cannot be asked, 2 for wrong usage, 3 while it is not at rest
 */
export async function runUpkeep(
  argv: readonly string[],
  out: Out,
  stop: AbortSignal,
  clock: Clock = systemClock,
): Promise<number> {
  const failed = (fault: Fault, code = 1): number => {
    tellFault(out, fault, false);
    return code;
  };
  const { words, state, waitMs } = read(argv);
  if (!(waitMs >= 0) || words.length !== 1) {
    out.trouble(UPKEEP_USAGE);
    return failed(diagnosticFault("usage"), 2);
  }
  if (words[0] === "items") {
    const vault = await statusOf(state);
    if (!vault) return failed(diagnosticFault("notRunning", { state }));
    const held = (vault.bins ?? []).reduce((sum, bin) => sum + bin.held, 0);
    out.line(String(vault.slots.filter(inUse).length + held));
    return 0;
  }
  if (words[0] === "waiting") {
    const waiting = await waitingIn(state);
    if (!waiting.ok) return failed(waiting.error);
    const { submissions, rows } = waiting.value;
    out.line(String(submissions + rows));
    return 0;
  }
  const end = clock.mono() + waitMs;
  for (let told = ""; ; ) {
    const reasons = await reasonsAgainst(state);
    if (reasons.length === 0) return 0;
    const text = reasons
      .map((reason) => `${"slot" in reason ? `slot ${reason.slot}: ` : ""}${WORDS[reason.why]}`)
      .join("; ");
    if (clock.mono() >= end || stop.aborted)
      return failed(diagnosticFault("notAtRest", { because: text }), NOT_AT_REST);
    if (text !== told) out.line(`Waiting: ${text}.`);
    told = text;
    await clock.sleep(LOOK_MS, stop);
  }
}

function read(argv: readonly string[]): { words: string[]; state: string; waitMs: number } {
  const state = process.env.GUICHET_STATE ?? "/var/lib/guichet";
  try {
    const options = { state: { type: "string" }, wait: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    return { words: positionals, state: values.state ?? state, waitMs: Number(values.wait ?? 0) * 1_000 };
  } catch {
    return { words: [], state, waitMs: Number.NaN };
  }
}
