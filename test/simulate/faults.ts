import type { Operation } from "./judge.ts";
import type { FaultName } from "./names.ts";
import type { Play } from "./play.ts";
import { WIRE_FAULTS, type WireFault } from "./wire-faults.ts";

type Happens = (play: Play, operation: Operation) => void;

const between = (play: Play, low: number, high: number): number => low + play.world.random() * (high - low);

/** Lies of the sensors of one slot: outcomes may be wrong, motions may not. */
const lying =
  (change: (place: NonNullable<Operation["place"]>) => void): Happens =>
  (_, operation) => {
    if (!operation.place) return;
    operation.sensorsLied = true;
    change(operation.place);
  };

const wire = Object.fromEntries(
  WIRE_FAULTS.map((fault): [string, Happens] => [
    fault,
    ({ world }) => world.wire.set(fault, 1 + Math.floor(world.random() * 4)),
  ]),
) as Record<WireFault, Happens>;

/** What can happen at a step, by name. */
export const FAULTS: Readonly<Record<FaultName, Happens>> = {
  // power
  vaultCut: (play) => play.cut(between(play, 20, 2_000)),
  vaultCutTwice: (play) => {
    play.cutAgainAfter = between(play, 1, 1_500);
    play.cut(between(play, 20, 2_000));
  },
  vaultCutForADay: (play) => play.cut(24 * 3_600_000),
  boardsCut: (play) => play.world.cabinet.cutPower(between(play, 100, 6_000)),
  bothCut: (play) => {
    play.world.cabinet.cutPower(between(play, 100, 6_000));
    play.cut(between(play, 20, 2_000));
  },
  // line
  ...wire,
  unplugged: ({ world }) => world.wire.unplug(100 + world.random() * 5_000),
  // sensors and mechanics
  itemStuckPresent: lying((place) => {
    place.itemSensor = "stuckPresent";
  }),
  itemStuckAbsent: lying((place) => {
    place.itemSensor = "stuckAbsent";
  }),
  latchStuckLocked: lying((place) => {
    place.latchSensor = "stuckLocked";
  }),
  latchStuckOpen: lying((place) => {
    place.latchSensor = "stuckOpen";
  }),
  boltJams: (_, operation) => {
    if (operation.place) operation.place.jammed = true;
  },
  // disk and time
  diskBreaks: ({ world }) => {
    world.disk.breakNext = true;
  },
  diskSlow: ({ world }) => {
    world.disk.syncMs = 500;
  },
  clockSetBack: ({ world }) => {
    world.setClock(-30 * 86_400_000);
  },
  clockSetForward: ({ world }) => {
    world.setClock(9 * 3_600_000);
  },
  // people
  nobodyOpens: (_, { person }) => {
    person.opens = false;
  },
  doorLeftOpen: (_, { person }) => {
    person.closeMs = 40_000;
  },
  handsStayEmpty: (_, { person }) => {
    person.acts = false;
  },
  interlockOpens: ({ world }) => {
    world.interlock = 1;
  },
  // requests of a core that is in trouble, or worse
  sameCommand: (play, operation) => play.meanwhile(() => play.intruder.sameCommand(operation)),
  sameCommandOtherContents: (play, operation) => play.meanwhile(() => play.intruder.otherContents(operation)),
  otherCommandSameVoucher: (play, operation) => play.meanwhile(() => play.intruder.otherCommand(operation)),
  otherVoucherSameItem: (play, operation) => play.meanwhile(() => play.intruder.otherVoucher(operation)),
  foreignVoucher: (play, operation) => play.meanwhile(() => play.intruder.foreign(operation)),
  expiredVoucher: (play, operation) => play.meanwhile(() => play.intruder.expired(operation)),
  forgedProof: (play, operation) => play.meanwhile(() => play.intruder.forged(operation)),
  handOverBeside: (play, operation) => play.meanwhile(() => play.handOverBeside(operation)),
  exchangeBeside: (play, operation) => play.meanwhile(() => play.intruder.exchangeBeside(operation)),
  // staff who put the wrong thing in
  misloadWrongScan: (play, operation) => play.meanwhile(() => play.intruder.misload(operation, "scan")),
  misloadForeign: (play, operation) => play.meanwhile(() => play.intruder.misload(operation, "foreign")),
  misloadTwice: (play, operation) => play.meanwhile(() => play.intruder.misload(operation, "twice")),
};
