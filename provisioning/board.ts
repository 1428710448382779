import { readFile } from "node:fs/promises";
import { type Static, Type } from "@sinclair/typebox";
import { err, type Fault, ok, parseJson, type Result } from "../drivers/kit/index.ts";

const closed = { additionalProperties: false };
const Line = Type.Object(
  {
    chip: Type.String({ pattern: "^[A-Za-z0-9._:-]{1,64}$" }),
    offset: Type.Integer({ minimum: 0, maximum: 1_023 }),
    activeLow: Type.Boolean(),
  },
  closed,
);
/** A place on the USB bus as the kernel names it: `1-1.4`. */
const UsbPort = Type.String({ pattern: "^[0-9]{1,3}-[0-9]{1,3}(\\.[0-9]{1,3}){0,6}$" });
const UsbId = Type.String({ pattern: "^[0-9a-f]{4}$" });

/** `board.json`: what a maker has soldered and screwed, which no bundle changes. Everything may be absent. */
export const BoardSchema = Type.Object(
  {
    usb: Type.Optional(
      Type.Object(
        {
          /** Where a technician plugs a stick in; several names of one connector: one of USB 3 is two places of the bus. */
          servicePort: Type.Union([
            UsbPort,
            Type.Array(UsbPort, { minItems: 1, maxItems: 4, uniqueItems: true }),
          ]),
          /** Devices inside of the cabinet, hubs too: each at its place and by its numbers. */
          internal: Type.Array(Type.Object({ port: UsbPort, vendor: UsbId, product: UsbId }, closed), {
            maxItems: 64,
          }),
        },
        closed,
      ),
    ),
    /** At the service port. */
    light: Type.Optional(Line),
    sounder: Type.Optional(Line),
  },
  closed,
);
export type Board = Static<typeof BoardSchema>;

/** Every place on the USB bus at which a technician's stick may be; none without a service port. */
export const servicePorts = (usb: Board["usb"]): readonly string[] => (usb ? [usb.servicePort].flat() : []);

/** A board without the file has no light, no sounder and no service port. */
export async function readBoard(path: string): Promise<Result<Board, Fault>> {
  // What cannot be read, by its rights or its place, is a mistake in it like any other.
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : "",
  );
  if (text === undefined) return ok({});
  const board = parseJson(BoardSchema, text, "board.json");
  return board.ok ? ok(board.value) : err(board.error);
}
