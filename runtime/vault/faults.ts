import { defineErrors, defineEvents } from "../../drivers/kit/index.ts";

export const vaultFault = defineErrors("vault", {
  otherUnit: {
    what: "The document is for another unit",
    todo: "Send the person to the unit that is named on the notice",
    remedy: "none",
    cause: "user",
  },
  notYet: {
    what: "The document is not valid yet",
    todo: "Come back at the time that the notice names",
    remedy: "none",
    cause: "user",
  },
  expired: {
    what: "The document is not valid any more",
    todo: "The item goes back to the counter; ask the centre",
    remedy: "operatorClear",
    cause: "user",
  },
  consumed: {
    what: "This voucher has been used",
    todo: "Nothing moves a second time; look at the outcome in the console",
    remedy: "none",
    cause: "security",
  },
  superseded: {
    what: "A later voucher for the same item has been used",
    todo: "Look at the outcome in the console",
    remedy: "none",
    cause: "security",
  },
  notLoaded: {
    what: "The item is not in this unit",
    todo: "Ask the centre where it is",
    remedy: "operatorClear",
    cause: "user",
  },
  slotUnknown: {
    what: "It is not known what happened to the slot",
    todo: "A named operator settles it in the console",
    remedy: "operatorClear",
    cause: "hardware",
  },
  selfCheck: {
    what: "The vault refused a good signature or took a spoiled one when it tested itself",
    todo: "The process starts again; nothing is handed out meanwhile. Install the package anew when this repeats",
    remedy: "software",
    cause: "software",
  },
  slotBusy: { what: "The slot is in use", todo: "Close its door first", remedy: "tryAgain", cause: "user" },
  contradiction: {
    what: "The sensors say something else than the ledger",
    todo: "The slot is locked out until an operator has looked",
    remedy: "operatorClear",
    cause: "hardware",
  },
  noChallenge: {
    what: "The proof is not for a challenge that is open",
    todo: "Begin anew",
    remedy: "tryAgain",
    cause: "security",
  },
  noProof: {
    what: "A voucher alone opens nothing",
    todo: "Show the receipt and place the finger, or ask an officer",
    remedy: "tryAgain",
    cause: "security",
  },
  badProof: {
    what: "The proof does not belong to this voucher and challenge",
    todo: "Begin anew; this is reported",
    remedy: "none",
    cause: "security",
  },
  conflict: {
    what: "The same command id came with other contents",
    todo: "Report a defect; nothing moved",
    remedy: "software",
    cause: "software",
  },
  interlocked: {
    what: "An interlock forbids motion",
    todo: "Close the cabinet, or see the named input",
    remedy: "operatorClear",
    cause: "hardware",
  },
  exchangeOpen: {
    what: "Staff are loading this unit",
    todo: "Wait until they have finished",
    remedy: "tryAgain",
    cause: "user",
  },
  noExchange: {
    what: "There is no such exchange open",
    todo: "Open one with valid credentials",
    remedy: "tryAgain",
    cause: "user",
  },
  witnessNeeded: {
    what: "Two different people are needed, because this unit cannot read an item at hand-over",
    todo: "Show the credential of a second person",
    remedy: "tryAgain",
    cause: "user",
  },
  creditUsed: {
    what: "The credential pays for no more unlocks",
    todo: "Get a new credential from the centre",
    remedy: "operatorClear",
    cause: "user",
  },
  credentialUsed: {
    what: "The credential has opened an exchange already, and this unit has no service switch that tells who shows it again",
    todo: "Get a new credential from the centre for each exchange",
    remedy: "operatorClear",
    cause: "user",
  },
  staffAbsent: {
    what: "The service switch is off, or cannot be read: nobody of the staff is seen at the unit",
    todo: "Turn the service switch on and begin anew",
    remedy: "tryAgain",
    cause: "user",
  },
  wrongItem: {
    what: "The assignment is for another item",
    todo: "Scan the item that was assigned to this unit",
    remedy: "tryAgain",
    cause: "user",
  },
  itemAlreadyLoaded: {
    what: "This item is in a slot already",
    todo: "Look for two items with one code and keep both out",
    remedy: "operatorClear",
    cause: "user",
  },
  noSlot: {
    what: "There is no free slot",
    todo: "Empty slots first",
    remedy: "operatorClear",
    cause: "consumable",
  },
  notReady: {
    what: "The vault has not settled its ledger yet",
    todo: "Wait; see the devices' status when it lasts",
    remedy: "autoRecovering",
    cause: "hardware",
  },
  stopping: {
    what: "The vault is ending; what moves gets its outcome at the next start",
    todo: "Wait for the next start",
    remedy: "autoRecovering",
    cause: "software",
  },
  binFull: {
    what: "The bin of the dispenser is full, so what goes wrong could not be captured",
    todo: "Empty the bin in an exchange",
    remedy: "operatorClear",
    cause: "consumable",
  },
  behindOthers: {
    what: "Other items lie before this one in its magazine, which hands out in order",
    todo: "Hand out or take out what lies before it",
    remedy: "operatorClear",
    cause: "user",
  },
  magazineSuspect: {
    what: "What lies in the magazine, or in which order, is not what the ledger says",
    todo: "Two people look, and list in an exchange what the magazine holds",
    remedy: "operatorClear",
    cause: "hardware",
  },
  nothingKnown: {
    what: "The ledger knows no item that could lie in this slot",
    todo: "Take out what lies there, also when it is nothing, and choose `removed`; an item can then be loaded anew",
    remedy: "operatorClear",
    cause: "user",
  },
  nothingToSettle: {
    what: "The slot does not wait for a finding",
    todo: "Nothing to do",
    remedy: "none",
    cause: "user",
  },
});

export const log = defineEvents("vault", {
  ready: {
    level: "info",
    what: "The ledger is settled and the vault takes commands",
    fields: ["open", "slots"],
  },
  refused: { level: "warn", what: "A request was refused; nothing moved", fields: ["method", "reason"] },
  handover: {
    level: "info",
    what: "A motion came to another phase",
    fields: ["effect", "slot", "phase", "outcome"],
  },
  sendFailed: {
    level: "warn",
    what: "The command of a motion failed on its way; it is not sent again and the evidence decides",
    fields: ["effect", "slot"],
  },
  notSent: {
    level: "warn",
    what: "After a motion was written down an interlock became active, or its device was lost, before its first byte: nothing was sent",
    fields: ["effect", "slot", "by"],
  },
  cleared: {
    level: "warn",
    what: "An item that a motion had left in a dispenser's path was captured into the bin",
    fields: ["effect", "slot", "outcome"],
  },
  journalBroken: {
    level: "error",
    what: "A row of the vault's journal was altered or removed after it was written: keep the unit's disk, and compare with the centre's copy",
    fields: ["row"],
  },
  clockBehind: {
    level: "error",
    what: "The clock lies behind the time that the vault has counted since its start, which papers are held to: fresh ones may be refused as expired. Once the clock is right, start the vault anew",
    fields: ["seconds"],
  },
  moved: {
    level: "error",
    what: "The configuration says that a slot or magazine is elsewhere than where its items were laid in; nothing is handed out of it until somebody has looked",
    fields: ["slot"],
  },
  recovered: {
    level: "warn",
    what: "A motion that was under way when the process ended got its outcome",
    fields: ["effect", "slot", "outcome"],
  },
});
