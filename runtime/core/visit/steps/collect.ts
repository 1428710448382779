import { type Fault, newId, type Remedy } from "../../../../drivers/kit/index.ts";
import type { StepOf } from "../../../../flows/index.ts";
import type { Face } from "../../screen/model.ts";
import { drawDoor, end, next, refuse, type StepContext, type StepResult, tell } from "../context.ts";
import { askUntilKnown, COMES_BACK, drawAway, watchHandover } from "./outcome.ts";

const FINGER_MS = 30_000;
const OFFICER_MS = 120_000;
/** Time to read an advice, ms. */
const READ_MS = 1_500;

/**
 * Hands out every document that is ready, one after the other. One that cannot be handed out is said so and does not keep
 * the person from the others; a proof that failed, or a door that may be open, ends the visit.
 */
export async function handover(context: StepContext<StepOf<"handover">>): Promise<StepResult> {
  const { folder } = context;
  let told = false;
  for (const [i, voucher] of folder.vouchers.entries()) {
    const result = await handOne(context, { ...voucher, last: i === folder.vouchers.length - 1 });
    if (result === "ended") return end("refused");
    told ||= result === "told";
  }
  if (folder.handedOver > 0) return next();
  return told ? end("refused") : refuse(context, "scan.nothing");
}

interface Ready {
  id: string;
  jws: string;
  last: boolean;
}

/** What became of one document: `told` when the person knows why it stays, and the next one may follow. */
type One = "taken" | "notHere" | "told" | "ended";

/** Taken already, or not loaded here: the person came for the others. */
const NOT_HERE = new Set(["vault.consumed", "vault.superseded", "vault.notLoaded", "vault.expired"]);
/** Trouble of one document and its slot, in which no door was opened. */
const OF_ONE = new Set([
  "vault.slotUnknown",
  "vault.contradiction",
  "vault.behindOthers",
  "vault.magazineSuspect",
  "vault.otherUnit",
  "vault.notYet",
]);

/** Says that a document stays where it is. */
async function stays(context: StepContext, { last }: Ready, code: string): Promise<One> {
  if (last) await tell(context, "collect.refused", { code });
  else await tell(context, "collect.stays", { code, action: "ui.next" });
  return "told";
}

/** @param anew the person has placed a finger for it before, and what it proved was lost */
async function handOne(
  context: StepContext<StepOf<"handover">>,
  voucher: Ready,
  anew?: "anew",
): Promise<One> {
  const { office } = context;
  const begun = await context.wait(office.devices.vault("collect.begin", { voucher: voucher.jws }));
  if (!begun.ok && COMES_BACK.has(begun.error.code)) {
    await context.failed(begun.error);
    return handOne(context, voucher, anew);
  }
  if (!begun.ok) {
    const { code } = begun.error;
    if (NOT_HERE.has(code)) return "notHere";
    if (OF_ONE.has(code)) return stays(context, voucher, code);
    await tell(context, "collect.refused", { code });
    return "ended";
  }
  const { challenge, slot } = begun.value.body;
  const proof = context.folder.receiptKey
    ? await byFinger(context, voucher, challenge, anew)
    : await byOfficer(context, voucher.id, challenge, slot);
  if (typeof proof === "string") return proof;
  const done = watchHandover(context, slot);
  const command = newId();
  const accepted = await context.commit(
    office.devices.vault("collect.release", { command, voucher: voucher.jws, challenge, ...proof }),
  );
  if (!accepted.ok && accepted.error.code === "vault.notReady") {
    // Nothing was issued. The finger is asked for again, since its proof was for a challenge that is used up.
    done.stop();
    await context.failed(accepted.error);
    return handOne(context, voucher, "anew");
  }
  if (!accepted.ok && accepted.error.code === "vault.noChallenge") {
    // The vault was started again since, or the challenge's time was over: it has refused, and nothing has moved.
    done.stop();
    return handOne(context, voucher, "anew");
  }
  if (!accepted.ok && accepted.error.code !== "ipc.gone") {
    done.stop();
    const { code } = accepted.error;
    if (OF_ONE.has(code)) return stays(context, voucher, code);
    await tell(context, "collect.refused", { code });
    return "ended";
  }
  const asking = new AbortController();
  // Whether a release on which the vault went away has reached it is for the vault to say.
  const lost = accepted.ok ? undefined : voucher.jws;
  if (lost && !done.seen()) drawAway(context);
  // The door may be open: nothing that is touched ends this before the vault has said what became of it.
  const outcome = await context.commit(
    Promise.race([done.outcome, askUntilKnown(context, command, asking.signal, lost)]),
  );
  asking.abort();
  done.stop();
  if (outcome === "never") return handOne(context, voucher, "anew");
  if (outcome === "taken") context.folder.handedOver++;
  office.telemetry.count(`kiosk.handover.${outcome}`);
  const face: Face = outcome === "taken" ? "succeeded" : "cannot";
  drawDoor(context, slot, `door.${outcome}`, face, "ui.next");
  await context.input("action");
  if (outcome === "taken") return "taken";
  // Proven closed, so that the next door is the only one; any other may stand open.
  return outcome === "notMoved" ? "told" : "ended";
}

/** Remedies by which the same finger may be compared when it is tried again; by the others it never will be. */
const MENDING: ReadonlySet<Remedy> = new Set(["autoRecovering", "tryAgain", "reset", "technician"]);
const mayMend = ({ row }: Fault): boolean => MENDING.has(row.remedy);

/** The finger against the template of the voucher, on the module; a match is attested to the vault. */
async function byFinger(
  context: StepContext<StepOf<"handover">>,
  voucher: Ready,
  challenge: string,
  anew: "anew" | undefined,
): Promise<{ attestation: string } | One> {
  const { step, office, folder } = context;
  let advice: string | undefined = anew && "collect.again";
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
          voucher: voucher.jws,
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
    } else if (verified.error.code.startsWith("collection.")) {
      await tell(context, "collect.refused", { code: verified.error.code });
      return "ended";
    } else if (!mayMend(verified.error)) {
      // Nothing was compared: another document may have a template that this module takes.
      return stays(context, voucher, verified.error.code);
    } else {
      await context.failed(verified.error);
      // A loose plug may hold the next time; one that never does keeps nobody for ever.
      if (verified.error.row.remedy === "technician") attempt++;
    }
  }
  await tell(context, "collect.refused");
  return "ended";
}

/** Waits for an officer who releases the voucher for this challenge. */
async function byOfficer(
  context: StepContext,
  voucherId: string,
  challenge: string,
  slot: string,
): Promise<{ release: string } | One> {
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
    return "ended";
  } finally {
    timer.abort();
    off();
  }
}
