import { Type } from "@sinclair/typebox";
import { LOCK_FAULTS, type LockFault } from "../lock/index.ts";
import { Impossible, type Scene } from "../plant/index.ts";
import { type Action, action, closed, Device, Name, oneOf } from "./action.ts";
import { CARD_ACTIONS } from "./cards.ts";
import { SURROUNDING_ACTIONS } from "./surroundings.ts";
import type { Compartment, Condition } from "./view.ts";

const Text = Type.String({ minLength: 1, maxLength: 2_000 });
const Slot = Type.Object({ slot: Name }, closed);

const SceneSchema = Type.Union([
  Type.Object({ kind: Type.Literal("empty") }, closed),
  Type.Object({ kind: oneOf(["person", "dark", "small"]), person: Name }, closed),
  Type.Object({ kind: Type.Literal("twoFaces"), person: Name, other: Name }, closed),
  Type.Object({ kind: Type.Literal("code"), text: Text, torn: Type.Optional(Type.Boolean()) }, closed),
  Type.Object({ kind: Type.Literal("item"), code: Name }, closed),
]);

/**
 * Everything that can be done on the plant. The page, the tests and scripts all go this way; docs/bench.md lists the rows.
 */
export const ACTIONS: readonly Action[] = [
  action<{ device: string; person: string; position: number; condition?: Condition }>(
    "/finger",
    "puts a person's finger on a fingerprint module",
    Type.Object(
      {
        device: Name,
        person: Name,
        position: Type.Integer({ minimum: 1, maximum: 10 }),
        condition: Type.Optional(oneOf(["normal", "dry", "wet", "light"])),
      },
      closed,
    ),
    ({ plant }, { device, person, position, condition }) =>
      plant.placeFinger(device, person, position, condition),
  ),
  action<{ device: string }>("/finger/lift", "lifts the finger", Device, ({ plant }, { device }) =>
    plant.liftFinger(device),
  ),
  action<{ camera: string; scene: Scene }>(
    "/scene",
    "puts something in front of a camera",
    Type.Object({ camera: Name, scene: SceneSchema }, closed),
    ({ plant }, { camera, scene }) => plant.show(camera, scene),
  ),
  action<{ camera: string; fault: "ok" | "frozen" | "silent" }>(
    "/camera",
    "makes a camera repeat one picture, or give none",
    Type.Object({ camera: Name, fault: oneOf(["ok", "frozen", "silent"]) }, closed),
    ({ plant }, { camera, fault }) => plant.setCameraFault(camera, fault),
  ),
  action<{ slot: string; code: string }>(
    "/item/put",
    "lays a thing with this item code into an open slot",
    Type.Object({ slot: Name, code: Name }, closed),
    ({ plant }, { slot, code }) => plant.putItem(slot, code),
  ),
  action<{ slot: string }>("/item/take", "takes the thing out of an open slot", Slot, ({ plant }, { slot }) =>
    plant.takeItem(slot),
  ),
  action<{ slot: string; force?: boolean }>(
    "/door/open",
    "pulls a door open whose latch is free; with force also a locked one",
    Type.Object({ slot: Name, force: Type.Optional(Type.Boolean()) }, closed),
    ({ plant }, { slot, force }) => plant.openDoor(slot, force),
  ),
  action<{ slot: string }>("/door/close", "closes a door; its latch catches", Slot, ({ plant }, { slot }) =>
    plant.closeDoor(slot),
  ),
  action<{ slot: string; sensor: Compartment["sensor"] }>(
    "/sensor",
    "makes the item sensor of a slot lie",
    Type.Object({ slot: Name, sensor: oneOf(["ok", "stuckPresent", "stuckAbsent"]) }, closed),
    ({ plant }, { slot, sensor }) => plant.setItemSensor(slot, sensor),
  ),
  action<{ slot: string; jammed: boolean }>(
    "/bolt",
    "makes the bolt of a slot stick",
    Type.Object({ slot: Name, jammed: Type.Boolean() }, closed),
    ({ plant }, { slot, jammed }) => plant.setJammed(slot, jammed),
  ),
  action<{ device: string }>("/device/unplug", "pulls a device's cable", Device, ({ plant }, { device }) =>
    plant.unplug(device),
  ),
  action<{ device: string; elsewhere?: boolean }>(
    "/device/replug",
    "puts the cable back; with elsewhere a serial device gets another device number",
    Type.Object({ device: Name, elsewhere: Type.Optional(Type.Boolean()) }, closed),
    (bench, { device, elsewhere }) => {
      if (elsewhere) bench.replugElsewhere(device);
      bench.plant.replug(device);
    },
  ),
  action<{ device: string; fault: LockFault; count?: number }>(
    "/lock",
    "makes a lock board's answers go wrong, for so many answers or until ok",
    Type.Object(
      {
        device: Name,
        fault: oneOf(LOCK_FAULTS),
        count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      },
      closed,
    ),
    (bench, { device, fault, count }) => {
      if (!bench.setLockFault(device, fault, count)) throw new Impossible("noSuchBoard");
      bench.plant.note(device, `answers: ${fault}`, count === undefined ? undefined : { count });
    },
  ),
  action<{ role: string; active: boolean }>(
    "/input",
    "opens the service door, trips the tamper loop, turns the service switch",
    Type.Object({ role: Name, active: Type.Boolean() }, closed),
    ({ plant }, { role, active }) => plant.setInput(role, active),
  ),
  action<{ temperatureCel?: number; humidityPercent?: number; pressurePa?: number }>(
    "/climate",
    "changes the air inside the unit",
    Type.Object(
      {
        temperatureCel: Type.Optional(Type.Number({ minimum: -40, maximum: 85 })),
        humidityPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
        pressurePa: Type.Optional(Type.Number({ minimum: 30_000, maximum: 110_000 })),
      },
      closed,
    ),
    ({ plant }, climate) => plant.setClimate(climate),
  ),
  ...CARD_ACTIONS,
  ...SURROUNDING_ACTIONS,
];
