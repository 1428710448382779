import { defineEvents } from "../../../drivers/kit/index.ts";

/** What is logged of visits: nothing personal. */
export const log = defineEvents("visit", {
  begun: { level: "info", what: "A visit has begun", fields: ["visit", "service"] },
  ended: {
    level: "info",
    what: "A visit has ended and its data was wiped",
    fields: ["visit", "service", "outcome", "seconds"],
  },
  broken: {
    level: "error",
    what: "A visit ended by a defect; its data was wiped",
    fields: ["visit", "service"],
  },
  stepFailed: {
    level: "error",
    what: "A step of a visit failed; the person was told so and the visit ends",
    fields: ["visit", "service", "step"],
  },
  exchangeHeld: {
    level: "warn",
    what: "The vault did not end an exchange that staff have left; while something moves it is asked again when that is over",
    fields: ["exchange"],
  },
  exchangeLeft: {
    level: "warn",
    what: "The vault had an exchange open and nobody was in a visit, as after an end of the core in its middle; it is ended",
    fields: ["exchange"],
  },
});
