import { defineErrors, defineEvents } from "../../drivers/kit/index.ts";

export const sensesFault = defineErrors("senses", {
  noTemplate: {
    what: "The voucher carries no template to compare a finger with",
    todo: "Let an officer release the document, or send a voucher with a template",
    remedy: "none",
    cause: "user",
  },
  otherUnit: {
    what: "The voucher is for another unit",
    todo: "Show the person where the document is kept",
    remedy: "none",
    cause: "security",
  },
});

export const log = defineEvents("senses", {
  newKey: {
    level: "info",
    what: "A new attestation key was made; the vault believes it from now on",
    fields: ["kid"],
  },
  compared: { level: "info", what: "A finger was compared with a voucher's template", fields: ["matched"] },
  moduleCleared: {
    level: "info",
    what: "Everything of people was removed from a fingerprint module; goes into the journal of the unit",
    fields: ["role", "why", "templates"],
  },
  cleared: { level: "debug", what: "Everything of a visit was cleared", fields: ["module"] },
});
