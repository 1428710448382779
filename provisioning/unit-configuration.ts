import { type Static, Type } from "@sinclair/typebox";
import { Role } from "../drivers/contract/index.ts";
import { type DeviceConfiguration, DRIVER_NAMES, REGISTRY } from "../drivers/registry/index.ts";
import { PublicKeySchema } from "../fleet/contract/index.ts";

/**
 * The configuration of one unit, as it stands in a signed bundle. Every table row says what it is; ranges are checked
 * before anything starts.
 */
const closed = { additionalProperties: false };
const Id = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" });

/** A device: one of the drivers' own entries, told apart by `driver`. */
export const DeviceSchema = Type.Unsafe<DeviceConfiguration>(
  Type.Union(DRIVER_NAMES.map((name) => REGISTRY[name].configuration)),
);

const Hour = Type.String({ pattern: "^([01][0-9]|2[0-4]):[0-5][0-9]$" });
export const HoursSchema = Type.Object(
  {
    zone: Type.String({ maxLength: 40 }),
    /** Opening times by weekday, 1 Monday to 7 Sunday. */
    weekly: Type.Record(
      Type.String({ pattern: "^[1-7]$" }),
      Type.Array(Type.Tuple([Hour, Hour]), { maxItems: 4 }),
    ),
    /** General holidays, on which the unit is closed. */
    holidays: Type.Array(Type.String({ pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }), { maxItems: 200 }),
    /** First and last year that `holidays` covers; outside, the unit warns. */
    holidayYears: Type.Tuple([Type.Integer(), Type.Integer()]),
  },
  closed,
);
export type Hours = Static<typeof HoursSchema>;

const SlotName = Type.String({ pattern: "^[0-9A-Z]{1,4}$" });

/** A compartment behind a lock. */
const CompartmentSchema = Type.Object(
  {
    slot: SlotName,
    lock: Role,
    compartment: Type.Integer({ minimum: 0, maximum: 15 }),
    light: Type.Optional(Role),
  },
  closed,
);

/** A magazine of a dispenser, which hands out in order; each of its items is a slot of its own, `M1-01` and on. */
const MagazineSchema = Type.Object(
  {
    slot: SlotName,
    dispenser: Role,
    /** Number in its dispenser, from 0. */
    magazine: Type.Integer({ minimum: 0, maximum: 7 }),
    /** Items that it holds at most. */
    capacity: Type.Integer({ minimum: 1, maximum: 100 }),
  },
  closed,
);

export const UnitConfigurationSchema = Type.Object(
  {
    v: Type.Literal(1),
    unit: Id,
    site: Id,
    /** Letters and digits that begin this unit's reference numbers. */
    code: Type.String({ pattern: "^[A-Z0-9]{2,6}$" }),
    roles: Type.Array(
      Type.Unsafe<"submission" | "collection">({ type: "string", enum: ["submission", "collection"] }),
      {
        minItems: 1,
        maxItems: 2,
        uniqueItems: true,
      },
    ),
    centre: Type.Object(
      {
        host: Id,
        broker: Type.Object(
          {
            url: Type.String({ pattern: "^mqtts://", maxLength: 200 }),
            ca: Type.String({ maxLength: 16_384 }),
          },
          closed,
        ),
        /** Keys whose signatures this unit believes, each for one role. */
        keys: Type.Array(PublicKeySchema, { minItems: 1, maxItems: 50 }),
        /** X25519 keys to which submissions are sealed; the first is used. */
        sealTo: Type.Array(
          Type.Object(
            { kid: Type.String({ maxLength: 64 }), x: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$" }) },
            closed,
          ),
          { minItems: 1, maxItems: 4 },
        ),
      },
      closed,
    ),
    devices: Type.Array(DeviceSchema, { maxItems: 64 }),
    slots: Type.Array(Type.Union([CompartmentSchema, MagazineSchema]), { maxItems: 160 }),
    /** Inputs that forbid motion while they are active. */
    interlocks: Type.Array(Role, { maxItems: 8 }),
    /** Role of the switch behind the service door that staff turn for an exchange. */
    serviceSwitch: Type.Optional(Role),
    /** The board's clock chip has a battery: it knows how long the power was away. Not said, every cut counts as a long one. */
    clockBattery: Type.Optional(Type.Boolean()),
    services: Type.Array(Id, { maxItems: 40 }),
    hours: HoursSchema,
    screen: Type.Object(
      {
        port: Type.Integer({ minimum: 0, maximum: 65_535 }),
        /** Panel density, CSS pixels per millimetre (96 dpi is 3.78). */
        pxPerMm: Type.Number({ minimum: 1, maximum: 20 }),
        /** After this long without a touch a visit asks whether somebody is there, s. */
        idleS: Type.Integer({ minimum: 15, maximum: 600 }),
      },
      closed,
    ),
  },
  closed,
);
export type UnitConfiguration = Static<typeof UnitConfigurationSchema>;
