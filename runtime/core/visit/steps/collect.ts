import { type Fault, newId, type Remedy } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import type { Handover } from "../../../ipc/index.ts";
import type { Face } from "../../screen/model.ts";
import { drawDoor, end, next, refuse, type StepContext, type StepResult, tell } from "../context.ts";

const FINGER_MS = 30_000;
const OFFICER_MS = 120_000;
/** Time to read an advice, ms. */
const READ_MS = 1_500;
/** Longest that a hand-over may keep a person: the vault ends an open door itself before. */
const HANDOVER_MS = 200_000;
const ASK_MS = 2_000;

/** Hands out every document that is ready, one after the other. */
export async function handover(context: StepContext<StepOf<"handover">>): Promise<StepResult> {
  const { folder } = context;
  for (const voucher of folder.vouchers) {
    const result = await handOne(context, voucher);
    if (result === "ended") return end("refused");
  }
  if (folder.handedOver === 0) return refuse(context, "scan.nothing");
  return next();
}

/** The vault is being started again, or a lock missed a look. */
const COMES_BACK = new Set(["ipc.gone", "vault.notReady"]);

async function handOne(
  context: StepContext<StepOf<"handover">>,
  voucher: { id: string; jws: string },
): Promise<"taken" | "skipped" | "ended"> {
  const { office } = context;
  const begun = await context.wait(office.devices.vault("collect.begin", { voucher: voucher.jws }));
  if (!begun.ok && COMES_BACK.has(begun.error.code)) {
    await context.failed(begun.error);
    return handOne(context, voucher);
  }
  if (!begun.ok) {
    // Taken already, or not loaded here: the person came for the others.
    if (["vault.consumed", "vault.superseded", "vault.notLoaded", "vault.expired"].includes(begun.error.code))
      return "skipped";
    await tell(context, "collect.refused", { code: begun.error.code });
    return "ended";
  }
  const { challenge, slot } = begun.value.body;
  const proof = context.folder.receiptKey
    ? await byFinger(context, voucher.jws, challenge)
    : await byOfficer(context, voucher.id, challenge, slot);
  if (!proof) return "ended";
  const done = watchHandover(context, slot);
  const command = newId();
  const accepted = await context.commit(
    office.devices.vault("collect.release", { command, voucher: voucher.jws, challenge, ...proof }),
  );
  if (!accepted.ok && accepted.error.code === "vault.notReady") {
    // Nothing was issued. The finger is asked for again, since its proof was for a challenge that is used up.
    done.stop();
    await context.failed(accepted.error);
    return handOne(context, voucher);
  }
  if (!accepted.ok && accepted.error.code !== "ipc.gone") {
    done.stop();
    await tell(context, "collect.refused", { code: accepted.error.code });
    return "ended";
  }
  const asking = new AbortController();
  // The door may be open: nothing that is touched ends this before the vault has said what became of it.
  const outcome = await context.commit(
    Promise.race([done.outcome, askUntilKnown(context, command, asking.signal)]),
  );
  asking.abort();
  done.stop();
  if (outcome === "taken") context.folder.handedOver++;
  office.telemetry.count(`kiosk.handover.${outcome}`);
  const face: Face = outcome === "taken" ? "succeeded" : "cannot";
  drawDoor(context, slot, `door.${outcome}`, face, "ui.next");
  await context.input("action");
  return outcome === "taken" ? "taken" : "ended";
}

/** Remedies by which the same finger may be compared when it is tried again; by the others it never will be. */
const MENDING: ReadonlySet<Remedy> = new Set(["autoRecovering", "tryAgain", "reset", "technician"]);
const mayMend = ({ row }: Fault): boolean => MENDING.has(row.remedy);

/** The finger against the template of the voucher, on the module; a match is attested to the vault. */
async function byFinger(
  context: StepContext<StepOf<"handover">>,
  voucher: string,
  challenge: string,
): Promise<{ attestation: string } | undefined> {
  const { step, office, folder } = context;
  let advice: string | undefined;
  // The centre compares with one thumb, whichever was better; the screen asks for the other after one that did not match.
  let position: 1 | 6 = 1;
  for (let attempt = 1; attempt <= step.attempts; ) {
    const draw = (face: Face, extra?: string) =>
      context.show(() => {
        const { text } = context.words();
        const finger = text(`finger.${position}`);
        return {
          kind: "finger",
          title: text("collect.finger"),
          body: text("finger.place", { finger }),
          face,
          position,
          attempt,
          attempts: step.attempts,
          actions: [],
          ...(extra ? { advice: text(extra, { finger }) } : {}),
        };
      });
    draw(advice ? "again" : "waiting", advice);
    const off = office.devices.onSenses("finger.prompt", ({ session, prompt }) => {
      if (session === context.session && prompt === "working") draw("working", "finger.working");
    });
    const verified = await context
      .wait(
        office.devices.senses("finger.verify", {
          session: context.session,
          voucher,
          key: folder.receiptKey ?? "",
          challenge,
          userTimeMs: FINGER_MS,
        }),
      )
      .finally(off);
    if (verified.ok) {
      const { matched, attestation } = verified.value.body;
      if (matched && attestation) return { attestation };
      advice = "collect.wrong";
      // The finger may still lie there: time to read what is wrong before it is taken again.
      draw("again", advice);
      await context.pause(READ_MS);
      position = position === 1 ? 6 : 1;
      attempt++;
    } else if (verified.error.code === "device.timeoutUser" || verified.error.code === "device.poorQuality") {
      advice = verified.error.code === "device.timeoutUser" ? "finger.timeout" : "finger.poorQuality";
      attempt++;
    } else if (verified.error.code.startsWith("collection.") || !mayMend(verified.error)) {
      await tell(context, "collect.refused", { code: verified.error.code });
      return undefined;
    } else {
      await context.failed(verified.error);
      // A loose plug may hold the next time; one that never does keeps nobody for ever.
      if (verified.error.row.remedy === "technician") attempt++;
    }
  }
  await tell(context, "collect.refused");
  return undefined;
}

/** Waits for an officer who releases the voucher for this challenge. */
async function byOfficer(
  context: StepContext,
  voucherId: string,
  challenge: string,
  slot: string,
): Promise<{ release: string } | undefined> {
  const { office } = context;
  context.show(() => {
    const { text } = context.words();
    return { kind: "wait", title: text(`${context.step.id}.title`), body: text("collect.officer") };
  });
  let off: () => void = () => undefined;
  const timer = new AbortController();
  const released = new Promise<string>((resolve) => {
    off = office.collections.events.on("release", (release) => {
      if (release.voucher === voucherId && release.challenge === challenge) resolve(release.jws);
    });
  });
  try {
    const asked = await office.collections.requestRelease(voucherId, challenge, slot);
    const release = asked
      ? await context.wait(
          Promise.race([released, context.sleep(OFFICER_MS, timer.signal).then(() => undefined)]),
        )
      : undefined;
    if (release) return { release };
    await tell(context, "collect.officerAway");
    return undefined;
  } finally {
    timer.abort();
    off();
  }
}

type Outcome = NonNullable<Handover["outcome"]>;

/** Follows the vault's events of one slot onto the screen. */
function watchHandover(context: StepContext, slot: string): { outcome: Promise<Outcome>; stop(): void } {
  const { devices } = context.office;
  let settle: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  const stop = devices.onVault("handover", (handover) => {
    if (handover.slot !== slot) return;
    if (handover.phase === "issued" || handover.phase === "unlocked")
      drawDoor(context, slot, "door.opening", "working");
    if (handover.phase === "opened" || handover.phase === "presented")
      drawDoor(context, slot, "door.open", "waiting");
    if (handover.phase === "done" && handover.outcome) settle(handover.outcome);
  });
  return { outcome, stop };
}

/** Asks the vault what became of the command, in case its event was missed, for as long as a hand-over can take. */
async function askUntilKnown(context: StepContext, command: string, signal: AbortSignal): Promise<Outcome> {
  for (let asked = 0; asked < HANDOVER_MS && !signal.aborted; asked += ASK_MS) {
    await context.sleep(ASK_MS, signal);
    const known = await context.office.devices.vault("collect.outcome", { command });
    const handover = known.ok ? known.value.body.handover : undefined;
    if (handover?.phase === "done" && handover.outcome) return handover.outcome;
  }
  return "unknown";
}
