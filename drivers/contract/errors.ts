import { defineErrors } from "../kit/index.ts";

/** The closed list of what a device verb can answer instead of its result (devices of every class share it). */
export const deviceFault = defineErrors("device", {
  absent: {
    what: "The device is not there",
    todo: "Check its cable and power; it is looked for again by itself",
    remedy: "autoRecovering",
    cause: "hardware",
  },
  notReady: {
    what: "The device is not ready for this",
    todo: "Wait until it has recovered, or see its status",
    remedy: "autoRecovering",
    cause: "hardware",
  },
  busy: {
    what: "The device is doing something else",
    todo: "Try again in a moment",
    remedy: "tryAgain",
    cause: "software",
  },
  queueFull: {
    what: "Too many commands wait for this device",
    todo: "Try again in a moment",
    remedy: "tryAgain",
    cause: "software",
  },
  conflict: {
    what: "A command of this id was sent before with other parameters",
    todo: "Give each command an id of its own",
    remedy: "software",
    cause: "software",
  },
  unsupported: {
    what: "The device does not have this verb, or not in the grade that was asked for",
    todo: "See its capabilities; another model may have it",
    remedy: "configuration",
    cause: "software",
  },
  resultGone: {
    what: "The command was completed; its result was handed out once and is not kept, since it is of a person",
    todo: "Send a new command when it is still wanted",
    remedy: "none",
    cause: "software",
  },
  expired: {
    what: "The command was not begun before its deadline",
    todo: "Nothing moved; send a new command",
    remedy: "none",
    cause: "software",
  },
  canceled: {
    what: "The command was cancelled before it had an effect",
    todo: "Nothing to do",
    remedy: "none",
    cause: "user",
  },
  timeoutUser: {
    what: "The person did not act in time",
    todo: "Ask again, or end the visit",
    remedy: "tryAgain",
    cause: "user",
  },
  timeoutDevice: {
    what: "The device did not finish in its own time",
    todo: "It is reset and recovered; call a technician when this repeats",
    remedy: "reset",
    cause: "hardware",
  },
  noReply: {
    what: "The device did not answer",
    todo: "Check its cable, power, address and baud rate",
    remedy: "technician",
    cause: "hardware",
  },
  protocol: {
    what: "The device answered with something that its protocol does not allow",
    todo: "Check the wiring for noise and the profile for the model",
    remedy: "technician",
    cause: "hardware",
  },
  refused: {
    what: "The device refused the command",
    todo: "See the vendor code; the profile may be of another model",
    remedy: "technician",
    cause: "hardware",
  },
  fault: {
    what: "The device reports a defect of its own",
    todo: "Replace or service it",
    remedy: "technician",
    cause: "hardware",
  },
  misbound: {
    what: "Another device than the configured one answers",
    todo: "Correct the wiring or the configuration; nothing is moved until then",
    remedy: "configuration",
    cause: "hardware",
  },
  invalidParameter: {
    what: "A parameter is out of its range",
    todo: "Correct the named parameter",
    remedy: "software",
    cause: "software",
  },
  interlocked: {
    what: "An interlock forbids motion",
    todo: "Close the named door or end the named condition",
    remedy: "operatorClear",
    cause: "hardware",
  },
  unauthorised: {
    what: "The motion has no valid permission",
    todo: "None; this is reported as an attack or a defect",
    remedy: "software",
    cause: "security",
  },
  poorQuality: {
    what: "What was captured is not good enough",
    todo: "Follow the advice on the screen and try again",
    remedy: "tryAgain",
    cause: "user",
  },
  frozen: {
    what: "The camera delivers the same picture again and again",
    todo: "It is opened anew; call a technician when this repeats",
    remedy: "reset",
    cause: "hardware",
  },
});
