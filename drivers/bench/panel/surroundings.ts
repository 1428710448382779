import { Type } from "@sinclair/typebox";
import { type Action, action, closed, Name, oneOf } from "./action.ts";

const Degrees = Type.Optional(Type.Number({ minimum: -90, maximum: 90 }));

/** What happens to power, cabinet and paper. */
export const SURROUNDING_ACTIONS: readonly Action[] = [
  action<{ mains?: boolean; batteryVolts?: number; loadAmps?: number }>(
    "/power",
    "takes the mains away or gives them back; what the battery has, and what the unit takes from it",
    Type.Object(
      {
        mains: Type.Optional(Type.Boolean()),
        batteryVolts: Type.Optional(Type.Number({ minimum: 0, maximum: 36 })),
        loadAmps: Type.Optional(Type.Number({ minimum: 0, maximum: 20 })),
      },
      closed,
    ),
    ({ plant }, power) => plant.surroundings.setPower(power),
  ),
  action<{ forwardDeg?: number; sidewaysDeg?: number }>(
    "/stand",
    "makes the cabinet lean",
    Type.Object({ forwardDeg: Degrees, sidewaysDeg: Degrees }, closed),
    ({ plant }, stand) => plant.surroundings.setStand(stand),
  ),
  action<{ device: string; lines?: number }>(
    "/paper",
    "puts a roll with so many lines into a printer, a full one without a number; 0 takes it out",
    Type.Object(
      { device: Name, lines: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })) },
      closed,
    ),
    ({ plant }, { device, lines }) => plant.papers.setPaper(device, lines),
  ),
  action<{ device: string; cover: "open" | "closed" }>(
    "/cover",
    "opens or closes the cover of a printer",
    Type.Object({ device: Name, cover: oneOf(["open", "closed"]) }, closed),
    ({ plant }, { device, cover }) => plant.papers.setCover(device, cover),
  ),
  action<{ device: string; cutter: "ok" | "stuck" }>(
    "/cutter",
    "makes the knife of a printer stick",
    Type.Object({ device: Name, cutter: oneOf(["ok", "stuck"]) }, closed),
    ({ plant }, { device, cutter }) => plant.papers.setCutter(device, cutter),
  ),
];
