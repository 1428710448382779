import { type Static, Type } from "@sinclair/typebox";
import { PublicKeySchema } from "../fleet/contract/index.ts";

/**
 * The configuration of one unit, as it stands in a signed bundle. Every table row says what it is; ranges are checked
 * before anything starts.
 */
const closed = { additionalProperties: false };
const Role = Type.String({ pattern: "^[a-z]+(\\.[a-z0-9]+)+$", maxLength: 40 });
const Id = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" });
const Line = Type.Object(
  { chip: Type.String({ maxLength: 64 }), offset: Type.Integer({ minimum: 0, maximum: 1023 }) },
  closed,
);

export const SerialSchema = Type.Object(
  {
    path: Type.String({ pattern: "^/dev/", maxLength: 200 }),
    baudRate: Type.Integer({ minimum: 9600, maximum: 115_200 }),
  },
  closed,
);

export const DeviceSchema = Type.Union([
  Type.Object(
    {
      role: Role,
      driver: Type.Literal("fingerprint.ef01"),
      port: SerialSchema,
      profile: Type.Unsafe<"r503" | "zfm">({ type: "string", enum: ["r503", "zfm"] }),
      /** Module address, 32 bit. */
      address: Type.Integer({ minimum: 0, maximum: 0xffffffff }),
      /** Page that 1:1 borrows where the module ignores buffer numbers; cleared by recovering. */
      reservedPage: Type.Integer({ minimum: 0, maximum: 4000 }),
    },
    closed,
  ),
  Type.Object(
    {
      role: Role,
      driver: Type.Literal("lock.kerong"),
      port: SerialSchema,
      /** Board address by its DIP switch, 0-9. */
      board: Type.Integer({ minimum: 0, maximum: 9 }),
      compartments: Type.Integer({ minimum: 1, maximum: 16 }),
      /** Which bit value of the feedback contact means locked. */
      lockedBit: Type.Unsafe<0 | 1>({ type: "integer", enum: [0, 1] }),
      /** Whether item sensors are wired, and which bit value means that something is there. */
      itemBit: Type.Optional(Type.Unsafe<0 | 1>({ type: "integer", enum: [0, 1] })),
      pulseMs: Type.Integer({ minimum: 100, maximum: 2_000 }),
    },
    closed,
  ),
  Type.Object(
    { role: Role, driver: Type.Literal("camera.libcamera"), index: Type.Integer({ minimum: 0, maximum: 7 }) },
    closed,
  ),
  Type.Object(
    {
      role: Role,
      driver: Type.Literal("sensor.bme280"),
      bus: Type.Integer({ minimum: 0, maximum: 31 }),
      address: Type.Unsafe<0x76 | 0x77>({ type: "integer", enum: [0x76, 0x77] }),
    },
    closed,
  ),
  Type.Object(
    {
      role: Role,
      driver: Type.Literal("auxiliary.gpio"),
      line: Line,
      activeLow: Type.Boolean(),
      debounceMs: Type.Integer({ minimum: 1, maximum: 1_000 }),
    },
    closed,
  ),
  Type.Object(
    { role: Role, driver: Type.Literal("indicator.gpio"), line: Line, activeLow: Type.Boolean() },
    closed,
  ),
]);
export type DeviceConfiguration = Static<typeof DeviceSchema>;
export type DeviceOf<D extends DeviceConfiguration["driver"]> = Extract<DeviceConfiguration, { driver: D }>;

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
    slots: Type.Array(
      Type.Object(
        {
          slot: Type.String({ pattern: "^[0-9A-Z]{1,4}$" }),
          lock: Role,
          compartment: Type.Integer({ minimum: 0, maximum: 15 }),
          light: Type.Optional(Role),
        },
        closed,
      ),
      { maxItems: 160 },
    ),
    /** Inputs that forbid motion while they are active. */
    interlocks: Type.Array(Role, { maxItems: 8 }),
    /** Role of the switch behind the service door that staff turn for an exchange. */
    serviceSwitch: Type.Optional(Role),
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
