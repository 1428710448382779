import { defineErrors, defineEvents } from "../../drivers/kit/index.ts";

export const centreFault = defineErrors("centre", {
  notSignedIn: { what: "Nobody is signed in", todo: "Sign in", remedy: "tryAgain", cause: "user" },
  badLogin: {
    what: "Name or password is wrong",
    todo: "Try again; after five mistakes the account is locked for fifteen minutes",
    remedy: "tryAgain",
    cause: "user",
  },
  locked: {
    what: "The account is locked after too many wrong passwords",
    todo: "Wait fifteen minutes, or ask an administrator",
    remedy: "tryAgain",
    cause: "security",
  },
  tooMany: {
    what: "Too many attempts from this place",
    todo: "Wait a minute and try again",
    remedy: "tryAgain",
    cause: "security",
  },
  foreignOrigin: {
    what: "The request came from another site",
    todo: "Use the console's own page",
    remedy: "none",
    cause: "security",
  },
  notAllowed: {
    what: "The account does not have the role for this",
    todo: "Ask somebody who has the role",
    remedy: "none",
    cause: "user",
  },
  samePerson: {
    what: "Approving, assigning and loading a document need three different people",
    todo: "Ask a colleague to do this step",
    remedy: "none",
    cause: "security",
  },
  notFound: { what: "There is no such thing", todo: "Reload the list", remedy: "tryAgain", cause: "user" },
  wrongState: {
    what: "The step does not fit the state that it is in",
    todo: "Reload; somebody may have done it already",
    remedy: "tryAgain",
    cause: "user",
  },
  unitUnknown: {
    what: "The unit is not registered",
    todo: "Register the unit with its device key",
    remedy: "configuration",
    cause: "user",
  },
  notAsked: {
    what: "The board has not asked for its certificate by the key that was named",
    todo: "Compare the key with the one on the board's screen; list the board anew if it has made new keys",
    remedy: "configuration",
    cause: "security",
  },
  nameUsed: {
    what: "The name belongs to a unit that has served under another key",
    todo: "Give the board a new name: list it under that, and make its claim anew",
    remedy: "configuration",
    cause: "user",
  },
  noTemplate: {
    what: "The submission holds no finger template, so no voucher can be made for it",
    todo: "Hand the document out at the counter",
    remedy: "none",
    cause: "user",
  },
  packetDamaged: {
    what: "A stored packet does not open",
    todo: "Check the centre's sealing key and its disk",
    remedy: "technician",
    cause: "software",
  },
  registerAway: {
    what: "The register does not answer",
    todo: "Check the connection to the department's register",
    remedy: "tryAgain",
    cause: "network",
  },
  sealKeyMissing: {
    what: "The key that opens submissions is not there, and the centre has served before",
    todo: "Restore keys/seal.json from the backup: nothing that was received opens without it",
    remedy: "technician",
    cause: "user",
  },
  weakPassword: {
    what: "The password is shorter than twelve characters",
    todo: "Choose a longer one",
    remedy: "tryAgain",
    cause: "user",
  },
});

export const log = defineEvents("centre", {
  started: { level: "info", what: "The centre is up", fields: ["port"] },
  linkUp: { level: "info", what: "Connected to the broker", fields: [] },
  linkDown: { level: "warn", what: "The connection to the broker is gone", fields: ["reason"] },
  flooded: {
    level: "warn",
    what: "Units send faster than the centre takes in; parts of packets are let go and asked for again",
    fields: [],
  },
  ignored: { level: "warn", what: "A message was refused", fields: ["unit", "kind", "reason"] },
  accepted: { level: "info", what: "A submission is complete and durable", fields: ["unit", "sid"] },
  spoilt: {
    level: "error",
    what: "Parts of a submission were damaged on the centre's disk and are asked for again; check the disk",
    fields: ["unit", "sid"],
  },
  notForUs: {
    level: "error",
    what: "A submission is sealed to a key that is not here; it stays with its unit. Restore the key in keys/seal.json",
    fields: ["unit", "sid"],
  },
  registerAway: {
    level: "error",
    what: "The register did not answer; a question of a unit is left without an answer",
    fields: ["unit", "qid"],
  },
  rejected: { level: "warn", what: "A submission was rejected", fields: ["unit", "sid", "reason"] },
  answered: { level: "info", what: "A question was answered", fields: ["unit", "qid", "decision"] },
  sent: { level: "info", what: "A signed document was sent to a unit", fields: ["unit", "kind", "id"] },
  journalGap: {
    level: "error",
    what: "A unit's journal does not continue its chain",
    fields: ["unit", "seq"],
  },
  samePerson: {
    level: "error",
    what: "A document was loaded by somebody who had approved or assigned it",
    fields: ["unit", "application"],
  },
  failed: { level: "error", what: "Handling a message or request failed", fields: ["kind"] },
});
