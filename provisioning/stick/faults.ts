import { defineErrors, type ErrorRow } from "../../drivers/kit/index.ts";
import type { RefusalCode } from "./refusal.ts";

const stick = (what: string, todo: string): ErrorRow => ({
  what,
  todo,
  remedy: "tryAgain",
  cause: "user",
});
const crafted = (what: string, todo: string): ErrorRow => ({ ...stick(what, todo), cause: "security" });
const FORMAT = "Write the stick anew: guichet-provision write FILE... --to DEVICE";

/** Why nothing was taken from a stick, or not one of its files. Every name of `REFUSALS` has its row. */
export const stickFault = defineErrors("stick", {
  gone: stick(
    "The stick was taken out, or it cannot be read, before everything was copied",
    "Put it in again",
  ),
  slow: stick(
    "The stick was not read within its time",
    "Use another stick; put fewer and smaller files on it",
  ),
  broken: crafted(
    "The process that reads sticks ended without saying why, or said what it never says",
    "Do not use this stick again; keep it for the maker of the unit",
  ),
  gpt: stick("The stick has a GUID partition table", FORMAT),
  manyVolumes: stick("The stick has more than one FAT partition", FORMAT),
  noFat: stick("There is no FAT volume on the stick, but the file system that is named, or none", FORMAT),
  volume: crafted("The numbers in the boot sector do not fit each other or the stick", FORMAT),
  chain: crafted("The clusters of a file or folder are fewer or more than it has, or lie outside", FORMAT),
  crossLinked: crafted("A cluster of the stick belongs to two files, or to one twice", FORMAT),
  tooMany: stick(
    "There are more bundles, folders or pieces on the stick than the unit looks at",
    "Put at most 16 bundles on an otherwise empty stick",
  ),
  tooLarge: stick(
    "A bundle, or all of them together, are larger than the unit takes from a stick",
    "Put fewer bundles on one stick",
  ),
  reply: stick(
    "There is no REPLY.BIN on the stick that the unit can answer into",
    "Write the whole stick: guichet-provision write FILE... --to DEVICE, or --to an image, lays the file out in one piece",
  ),
  notAnswered: stick(
    "What the unit has to say could not be written onto the stick",
    "Leave the stick in until the screen says that it may be taken out",
  ),
  failed: {
    what: "The unit itself could not come to an end with the stick; what it had before is unharmed",
    todo: "Plug it in again; if it stays so, keep the unit's journal for its maker",
    remedy: "technician",
    cause: "software",
  },
  empty: stick("There is no bundle on the stick", "Put bundles on it with guichet-provision write"),
} satisfies Record<RefusalCode, ErrorRow> & Record<string, ErrorRow>);
