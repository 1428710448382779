import { Type } from "@sinclair/typebox";
import {
  DeviceEventSchema,
  DeviceStatusSchema,
  ResyncSchema,
  SELF_TEST_LEVELS,
  SelfTestRecordSchema,
} from "../../drivers/contract/index.ts";
import { defineErrors } from "../../drivers/kit/index.ts";

/**
 * What the technician's command may ask of vault and senses, on the sockets that the core uses too. None of it can move
 * anything. It is loaded when somebody asks.
 */
const closed = { additionalProperties: false };
const Nothing = Type.Object({}, closed);
const Role = Type.String({ minLength: 1, maxLength: 40 });
const Wait = Type.Integer({ minimum: 0, maximum: 5_000 });

const level = Type.Unsafe<(typeof SELF_TEST_LEVELS)[number]>({ type: "string", enum: [...SELF_TEST_LEVELS] });

export const diagnosticMethods = {
  "diagnostic.devices": {
    request: Nothing,
    answer: Type.Object({
      /** Both clocks of the process now, ms. */
      wall: Type.Number(),
      mono: Type.Number(),
      devices: Type.Array(Type.Object({ status: DeviceStatusSchema, wires: Type.Array(Type.String()) })),
    }),
  },
  /** Follows the events of some devices, or of all, from now on. */
  "diagnostic.watch": {
    request: Type.Object({ roles: Type.Optional(Type.Array(Role, { maxItems: 64 })) }, closed),
    answer: Type.Object({ devices: Type.Array(DeviceStatusSchema) }),
  },
  /** What was told since, and what a technician is asked to do in a test; waits for the first. Who is slow gets a resync. */
  "diagnostic.events": {
    request: Type.Object({ waitMs: Wait }, closed),
    answer: Type.Object({
      events: Type.Array(Type.Union([ResyncSchema, DeviceEventSchema])),
      asks: Type.Array(Type.Object({ role: Type.String(), step: Type.String() })),
    }),
  },
  "diagnostic.test": {
    request: Type.Object({ role: Role, level }, closed),
    answer: Type.Object({ record: SelfTestRecordSchema }),
  },
  /** What was said on the wire of a device after record `after`, redacted; waits for the first. After -1: from now on. */
  "diagnostic.frames": {
    request: Type.Object({ role: Role, after: Type.Integer({ minimum: -1 }), waitMs: Wait }, closed),
    answer: Type.Object({
      /** Continue after this. */
      last: Type.Integer(),
      /** Something in between is forgotten. */
      missed: Type.Boolean(),
      wires: Type.Array(Type.String()),
      frames: Type.Array(
        Type.Object({
          sequence: Type.Integer(),
          wall: Type.Number(),
          mono: Type.Number(),
          /** As in a flight file (docs/diagnostics.md). */
          entry: Type.Record(Type.String(), Type.Unknown()),
        }),
      ),
    }),
  },
} as const;

export const diagnosticFault = defineErrors("diagnostic", {
  unknownRole: {
    what: "No device of this unit has this role",
    todo: "Take a role from the first column of `guichet devices list`",
    remedy: "none",
    cause: "user",
  },
  moves: {
    what: "This device moves things, so that a test may only ask it how it is",
    todo: "Test it with --internal; a motion needs the centre's signed permission: open an exchange with your credential on the screen",
    remedy: "none",
    cause: "security",
  },
  noSuchTest: {
    what: "This device has no self-test of this level",
    todo: "Test it with --internal, which every device has",
    remedy: "none",
    cause: "user",
  },
  notRunning: {
    what: "The processes of the unit do not run, or another state folder is meant",
    todo: "Start them (systemctl start guichet), or name the folder with --state DIR",
    remedy: "operatorClear",
    cause: "software",
  },
  noRights: {
    what: "This user may not speak to the processes of the unit",
    todo: "Run it as root or as the user of the unit, e.g. with sudo",
    remedy: "operatorClear",
    cause: "user",
  },
  notAtRest: {
    what: "The unit is not to be stopped now: somebody uses it, a door is open, or something is under way",
    todo: "Wait until it is done, close the door, or take out what lies there, and try again",
    remedy: "operatorClear",
    cause: "user",
  },
  usage: {
    what: "The command is not written as it must be",
    todo: "See `guichet devices --help`",
    remedy: "none",
    cause: "user",
  },
});
