import { defineErrors, defineEvents } from "../../drivers/kit/index.ts";

export const ipcFault = defineErrors("ipc", {
  gone: {
    what: "The other process is not there",
    todo: "It is restarted by itself; what was asked may be asked again",
    remedy: "autoRecovering",
    cause: "software",
  },
  badFrame: {
    what: "The other process sent bytes that are no frame",
    todo: "The connection is closed; report a defect",
    remedy: "software",
    cause: "software",
  },
  unknownMethod: {
    what: "The other process does not know this method",
    todo: "Install the same version of all processes",
    remedy: "software",
    cause: "software",
  },
  internal: {
    what: "The other process failed inside",
    todo: "See its log; report a defect",
    remedy: "software",
    cause: "software",
  },
});

export const log = defineEvents("ipc", {
  badFrame: {
    level: "error",
    what: "The peer sent something that is no valid frame or message; the connection is closed",
    fields: ["at"],
  },
  flood: {
    level: "error",
    what: "The peer asked more than can wait, while it was asked itself; the connection is closed",
    fields: [],
  },
  unsendable: { level: "error", what: "Something is too long for a frame; it is not sent", fields: ["name"] },
  handlerFailed: { level: "error", what: "A method threw; its caller got ipc.internal", fields: ["method"] },
});
