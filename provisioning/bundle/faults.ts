import { defineErrors, type ErrorRow } from "../../drivers/kit/index.ts";

const user = (what: string, todo: string): ErrorRow => ({
  what,
  todo,
  remedy: "configuration",
  cause: "user",
});
const attack = (what: string, todo: string): ErrorRow => ({ ...user(what, todo), cause: "security" });

/** Why a bundle is not taken. The codes are told to the technician, to the centre and by the tool alike. */
export const bundleFault = defineErrors("bundle", {
  tooLarge: user(
    "The bundle is larger than a bundle of its kind may be",
    "Check that it is a bundle; make it anew with less in it",
  ),
  tooMany: user(
    "There are more bundles in the folder, or larger ones together, than a unit takes at once; this one was not looked at",
    "Take away what was taken, and take the rest then; 16 bundles and 32 MiB at once",
  ),
  noKey: user(
    "The file of a signing key cannot be read",
    "Name the file that guichet-provision keys wrote; private keys end in .key",
  ),
  noAnswer: user(
    "There is no answer of a unit in the file",
    "Leave the stick in the unit until the screen says that it can be taken out",
  ),
  noRequest: user(
    "The unit asks for no certificate in this answer",
    "Give it its claim first; a unit that has a certificate asks for none",
  ),
  notABundle: user("The file is not a bundle", "Put the file that the provisioning tool wrote on the stick"),
  torn: user("The bundle is shorter or longer than it says", "Copy it again"),
  damaged: attack(
    "A file in the bundle is not the one that was signed",
    "Copy the bundle again; if it stays so, it was altered",
  ),
  unsigned: user("Nobody has signed the bundle", "Sign it: guichet-provision sign FILE --key KEY"),
  tooFewSignatures: user(
    "Fewer keys have signed the bundle than the key set asks for",
    "Let another holder of a key of this role sign the same file",
  ),
  repeated: user("The bundle names a file twice", "Make the bundle anew"),
  notAllowed: attack(
    "The bundle holds a file that bundles of its kind may not hold",
    "Move the file into a bundle of the right kind",
  ),
  notForThisUnit: user("The bundle is for another unit, site or group", "Take the stick of this unit"),
  wrongHardware: user(
    "The bundle is for other hardware than this unit's",
    "Make it for this hardware, or look up which board this is",
  ),
  older: {
    ...user(
      "The unit already has this bundle or a newer one",
      "Nothing to do; to go back, sign the old content with a higher counter",
    ),
    remedy: "none",
  },
  leap: attack(
    "The bundle's counter is far above the last one",
    "Use the next number; a leap would leave none for the bundles to come",
  ),
  requires: user(
    "The bundle needs a newer bundle of another kind beside it",
    "Put the named bundle on the same stick",
  ),
  expired: user(
    "The bundle was to be taken before a date that has passed",
    "Sign it anew with a later date, if it is still what the unit should have",
  ),
  wrongNonce: attack(
    "The command names another nonce than the unit's",
    "Read the unit's answer again and sign the command for the nonce in it",
  ),
  wrongKeySet: attack(
    "The key set is not the successor of the one that the unit has",
    "Give the unit the key sets in their order, each signed by the roots before it and by its own",
  ),
  badKeySet: user(
    "The key set names a key twice or asks for more signatures than it has keys",
    "Make the key set anew",
  ),
  missingFile: user(
    "The bundle lacks a file that a unit needs",
    "Make the bundle anew with the named file, or put the bundle with it on the same stick",
  ),
  contradictory: user(
    "The configuration gives one place, line, port or address to two, or one name to two places, or names a device or place that is not there or cannot do this",
    "Correct the named places of unit.json and make the bundle anew",
  ),
  noIdentity: {
    what: "The board does not know which one it is: /etc/guichet/identity.json is missing",
    todo: "Write it as docs/install.md says in section 2",
    remedy: "configuration",
    cause: "user",
  },
  notInstallable: user(
    "Units do not install software from bundles; signatures and files of this one are good",
    "Install the package with apt-get, as docs/install.md says in section 6",
  ),
  unclaimed: user("The unit has no name yet", "Put the claim for this board on the same stick"),
  alreadyClaimed: attack(
    "The claim would give the unit another name",
    "If the board is to become another unit, empty its slots, let it send what waits for the centre, purge the package and install it again",
  ),
  wrongCertificate: user(
    "The certificate is not for this unit's key and name",
    "Issue it from the request in the unit's last answer",
  ),
  wrongAuthority: user(
    "What is to be the certificate of the broker's authority is none",
    "Put its certificate into ca.crt, in PEM; of several one after the other, and nothing else",
  ),
  held: {
    what: "Another process is changing what the unit is: its service, or somebody by hand",
    todo: "Wait until what it does has ended, five minutes at most after it has begun, and try again",
    remedy: "tryAgain",
    cause: "user",
  },
  notNow: {
    what: "Somebody had come to the unit, or a slot was open, when the bundle was to be tried; it waits",
    todo: "Nothing to do; it is tried when nobody is there, and after a quarter of an hour all the same",
    remedy: "autoRecovering",
    cause: "user",
  },
  wrongUser: {
    what: "Bundles are taken by another user than the one whose the unit's state is; files of this one would be in the way of all that come later",
    todo: "Take them as that user: runuser -u guichet-provisioner -- node /usr/lib/guichet/provisioner.cjs --state /var/lib/guichet --take FOLDER",
    remedy: "tryAgain",
    cause: "user",
  },
  notHealthy: user(
    "The unit did not become healthy with the bundle and went back to what it had",
    "Look up what is named as missing; correct the bundle, the counter may stay",
  ),
  noSpace: {
    what: "There is no space for the bundle on the unit's disk",
    todo: "Find out what fills the disk; what the unit had is unharmed",
    remedy: "technician",
    cause: "hardware",
  },
  notStored: {
    what: "The unit's disk did not take the bundle",
    todo: "Try again; if it stays so, the disk is failing. What the unit had is unharmed",
    remedy: "technician",
    cause: "hardware",
  },
  interrupted: {
    what: "The unit went down while it tried a bundle, and went back to what it had",
    todo: "Give it the bundle again",
    remedy: "tryAgain",
    cause: "power",
  },
});
