import { Type } from "@sinclair/typebox";
import { DISPENSER_FAULTS, type DispenserFault } from "../dispenser/index.ts";
import { Impossible, type Jam } from "../plant/index.ts";
import { type Action, action, closed, Device, Name, oneOf } from "./action.ts";

const Card = Type.String({ pattern: "^([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$" });
const Count = Type.Integer({ minimum: 0, maximum: 1_000 });

/** What hands and faults do to a card dispenser. */
export const CARD_ACTIONS: readonly Action[] = [
  action<{ device: string; cards: string[] }>(
    "/magazine/load",
    "lays cards, named by the UIDs of their chips, into a dispenser's magazine; the first comes out first",
    Type.Object({ device: Name, cards: Type.Array(Card, { minItems: 1, maxItems: 200 }) }, closed),
    ({ plant }, { device, cards }) => plant.cards.load(device, cards),
  ),
  action<{ device: string; where: "magazine" | "bin" }>(
    "/magazine/empty",
    "takes every card out of the magazine or the bin",
    Type.Object({ device: Name, where: oneOf(["magazine", "bin"]) }, closed),
    ({ plant }, { device, where }) => plant.cards.empty(device, where),
  ),
  action<{ device: string }>(
    "/card/take",
    "takes the card that the gate holds",
    Device,
    ({ plant }, { device }) => plant.cards.take(device),
  ),
  action<{ device: string; card: string }>(
    "/card/insert",
    "pushes a card into an open entry",
    Type.Object({ device: Name, card: Card }, closed),
    ({ plant }, { device, card }) => plant.cards.insert(device, card),
  ),
  action<{ device: string; jam: Jam | null }>(
    "/card/jam",
    "makes a card stick at one of the next turns of a motor, before it moves or half-way",
    Type.Object(
      {
        device: Name,
        jam: Type.Union([
          Type.Null(),
          Type.Object(
            { motor: oneOf(["feed", "present", "retract"]), where: oneOf(["start", "middle"]), after: Count },
            closed,
          ),
        ]),
      },
      closed,
    ),
    ({ plant }, { device, jam }) => plant.cards.setJam(device, jam),
  ),
  action<{ device: string; cards: number }>(
    "/card/double",
    "makes the next feed take so many more cards along",
    Type.Object({ device: Name, cards: Count }, closed),
    ({ plant }, { device, cards }) => plant.cards.setDoubleFeed(device, cards),
  ),
  action<{ device: string }>("/card/free", "frees the path by hand", Device, ({ plant }, { device }) =>
    plant.cards.free(device),
  ),
  action<{ device: string; cards: number }>(
    "/bin",
    "makes the bin hold so many cards",
    Type.Object({ device: Name, cards: Count }, closed),
    ({ plant }, { device, cards }) => plant.cards.setBinCapacity(device, cards),
  ),
  action<{ device: string; fault: DispenserFault; count?: number }>(
    "/dispenser",
    "makes a dispenser's unit or line go wrong, for so many commands or until ok",
    Type.Object(
      {
        device: Name,
        fault: oneOf(DISPENSER_FAULTS),
        count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      },
      closed,
    ),
    (bench, { device, fault, count }) => {
      const found = bench.dispenser(device);
      if (!found) throw new Impossible("noSuchDispenser");
      found.setFault(fault, count);
      bench.plant.note(device, `answers: ${fault}`, count === undefined ? undefined : { count });
    },
  ),
];
