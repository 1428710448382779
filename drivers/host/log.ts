import { defineEvents } from "../kit/index.ts";

export const log = defineEvents("device", {
  lifecycle: {
    level: "info",
    what: "A device has come to another place in its life",
    fields: ["role", "lifecycle"],
  },
  trouble: { level: "warn", what: "A device failed; it is opened anew by itself", fields: ["role", "phase"] },
  recovered: {
    level: "info",
    what: "A device was recovered and is ready",
    fields: ["role", "model", "attempt"],
  },
  wedged: {
    level: "error",
    what: "A driver did not let go of its device in its time; only an end of the process frees it",
    fields: ["role", "phase"],
  },
  selfTest: {
    level: "info",
    what: "A device has tested itself",
    fields: ["role", "level", "passed"],
  },
});
