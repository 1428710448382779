import { Type } from "@sinclair/typebox";

/** Pieces that the configuration entries of several drivers share. */

/** What a device is on its unit, e.g. `finger.front`. */
export const Role = Type.String({ pattern: "^[a-z]+(\\.[a-z0-9]+)+$", maxLength: 40 });

/** The identity that a device must show before anything else is done with it. */
export const Expected = Type.Object(
  {
    model: Type.Optional(Type.String({ maxLength: 64 })),
    serial: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);

/** A GPIO line by chip label and offset; kernel numbers move, these do not. */
export const Line = Type.Object(
  { chip: Type.String({ maxLength: 64 }), offset: Type.Integer({ minimum: 0, maximum: 1023 }) },
  { additionalProperties: false },
);

/** A serial port by its stable path. */
export const SerialSchema = Type.Object(
  {
    path: Type.String({ pattern: "^/dev/", maxLength: 200 }),
    baudRate: Type.Integer({ minimum: 9600, maximum: 115_200 }),
  },
  { additionalProperties: false },
);

/** Number of an I2C bus: 1 for /dev/i2c-1. */
export const I2cBus = Type.Integer({ minimum: 0, maximum: 31 });

/** One of a few literals, as a JSON Schema enum. */
export const oneOf = <const T extends readonly (string | number)[]>(...values: T) =>
  Type.Unsafe<T[number]>({ enum: [...values] });
