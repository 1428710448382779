import { type Static, Type } from "@sinclair/typebox";
import type { Fault } from "../../../drivers/kit/index.ts";
import type { Report } from "../../activate/select.ts";

/** What a unit says of a stick, in the order of how much it needs a person. */
export const STICK_STATES = [
  "reading",
  "trying",
  "accepted",
  "older",
  "otherUnit",
  "empty",
  "gone",
  "unreadable",
  "notOurs",
  "damaged",
  "notTaken",
  "partly",
  "wentBack",
] as const;
export type StickState = (typeof STICK_STATES)[number];

/** While it reads and tries, the stick is to stay in. */
export const mayTakeOut = (state: StickState): boolean => state !== "reading" && state !== "trying";

/** `stick.json`: what screen, light and sounder tell. There is none while no stick is there. */
export const StickNoticeSchema = Type.Object(
  {
    v: Type.Literal(1),
    state: Type.Unsafe<StickState>({ type: "string", enum: [...STICK_STATES] }),
    /** Of the fault that a technician looks up. */
    code: Type.Optional(Type.String({ maxLength: 60 })),
    /** Id of the unit's key while it asks for its first certificate: whoever approves it compares this. */
    key: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type StickNotice = Static<typeof StickNoticeSchema>;
export const STICK_NOTICE = "stick.json";

/** Faults by what they mean to who holds the stick; what is not named here was not taken for a reason of its own. */
const MEANING: Record<string, StickState> = {
  "bundle.older": "older",
  "bundle.notForThisUnit": "otherUnit",
  "bundle.wrongHardware": "otherUnit",
  "bundle.damaged": "damaged",
  "bundle.torn": "damaged",
  "bundle.notABundle": "damaged",
  "bundle.unsigned": "notOurs",
  "bundle.tooFewSignatures": "notOurs",
  "bundle.wrongKeySet": "notOurs",
  "bundle.notHealthy": "wentBack",
  "signature.unknownKey": "notOurs",
  "signature.wrongRole": "notOurs",
  "signature.bad": "damaged",
  "signature.malformed": "damaged",
  "stick.gone": "gone",
  "stick.empty": "empty",
  "stick.failed": "notTaken",
};

const meaningOf = ({ code }: Fault): StickState =>
  MEANING[code] ?? (code.startsWith("stick.") ? "unreadable" : "notTaken");

/** Good in itself, and nothing to do: one stick serves many units. */
const HARMLESS: ReadonlySet<StickState> = new Set(["older", "otherUnit"]);

/** What to say of a whole stick: its worst, but that something was taken counts more than what was meant for others. */
export function noticeFor(reports: readonly Report[], whole?: Fault): StickNotice {
  const faults = whole ? [whole] : reports.flatMap(({ result }) => (result.ok ? [] : [result.error]));
  const rank = (fault: Fault) => STICK_STATES.indexOf(meaningOf(fault));
  const worst = faults.toSorted((a, b) => rank(b) - rank(a))[0];
  const taken = reports.some(({ result }) => result.ok);
  if (!worst || (taken && HARMLESS.has(meaningOf(worst)))) return { v: 1, state: "accepted" };
  return { v: 1, state: taken ? "partly" : meaningOf(worst), code: worst.code };
}
