import { defineErrors, type ErrorRow } from "../../drivers/kit/index.ts";

const mistake = (what: string, todo: string): ErrorRow => ({
  what,
  todo,
  remedy: "configuration",
  cause: "user",
});

/** Mistakes in the use of `guichet-provision`. */
export const toolFault = defineErrors("provision", {
  unknownCommand: mistake("There is no such command", "guichet-provision help lists the commands"),
  unknownOption: mistake(
    "The command does not know this option, or the option lacks its value",
    "guichet-provision help shows what each command takes",
  ),
  missing: mistake("The command needs something that was not given", "Give what is named"),
  bad: mistake("The value of an option has not the form that it needs", "Give it in the form that is named"),
  cannotRead: mistake("A file or folder cannot be read", "Look whether it is there and may be read"),
  cannotWrite: mistake(
    "A file cannot be written",
    "Look whether its folder is there, has space and may be written",
  ),
  exists: mistake(
    "The file is there already and is not overwritten",
    "Choose another name, or move the file away",
  ),
  inUse: mistake(
    "A file system of the device is in use",
    "Unmount it, and look twice whether it is the right device",
  ),
  notErased: mistake(
    "Everything on the device would be erased",
    "Look whether it is the right device; if so, say --erase yes",
  ),
  tooLarge: mistake(
    "What is to go into the bundle is more than one may hold",
    "Split it, or leave something out",
  ),
  wrongRole: mistake(
    "A key of this role does not sign bundles of this kind",
    "Sign with a key of the role that is named",
  ),
  twice: mistake("A key stands in the key set twice", "Name each key once"),
});
