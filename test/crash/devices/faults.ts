import { DISPENSER_FAULTS } from "../../../drivers/bench/dispenser/simulator.ts";
import type { ReplyFault, RequestFault } from "../../../drivers/bench/faults/wire.ts";
import { LOCK_FAULTS } from "../../../drivers/bench/lock/boards.ts";
import type { Jam } from "../../../drivers/bench/plant/state.ts";
import type { Rig } from "./rig.ts";
import { type DeviceName, isDispenser } from "./states.ts";
import { ROLE } from "./things.ts";

/** Answers whether what was made to go wrong has met anything. */
type Met = () => boolean;

export interface Fault {
  /** Begins; whatever lasts ends with `heal`. */
  apply(rig: Rig): Met;
  /** A sensor lies: what becomes of the item may be said wrongly then, motions and counts of motors may not be. */
  lies?: true;
  /** The motor or coil whose turn it meets; without one it meets any exchange. */
  turn?: string;
}

/** Ends whatever a fault has made last. */
export function heal(rig: Rig): void {
  const { plant, device } = rig;
  rig.wire.disarm();
  rig.boards?.setFault("ok");
  rig.unit?.setFault("ok");
  rig.line.plug();
  plant.replug(ROLE);
  rig.gpioFault = undefined;
  rig.lies = {};
  if (isDispenser(device)) {
    plant.cards.setJam(ROLE, null);
    plant.cards.setDoubleFeed(ROLE, 0);
    plant.cards.setBinCapacity(ROLE, 100);
    return;
  }
  plant.setItemSensor("1", "ok");
  plant.setJammed("1", false);
}

const times = (rig: Rig): number => 1 + Math.floor(rig.random() * 4);

/** A script of the simulator itself. */
const script = (set: (rig: Rig, count: number) => void): Fault => ({
  apply: (rig) => {
    const before = rig.requests();
    set(rig, times(rig));
    return () => rig.requests() > before;
  },
});

/** Something that the line does to the next replies or requests. */
const wire = (what: (rig: Rig) => ReplyFault | RequestFault): Fault => ({
  apply: (rig) => {
    rig.wire.arm({ what: what(rig), from: Math.floor(rig.random() * 2), times: times(rig) });
    const before = rig.requests();
    return () => rig.wire.disarm() > 0 || rig.requests() > before + 1;
  },
});

const length = (rig: Rig): number => (isDispenser(rig.device) ? 11 : 9);
/** A byte of a reply, the seed says which. */
const at = (rig: Rig): number => 1 + Math.floor(rig.random() * (length(rig) - 1));

/** The same answer from another address: address in the second byte, a sum or an exclusive or at the end. */
const elsewhere =
  ({ device }: Rig) =>
  (reply: Uint8Array): Uint8Array => {
    const other = Uint8Array.from(reply);
    const last = other.length - 1;
    if (last < 6) return other;
    if (isDispenser(device)) {
      other[1] = (other[1] ?? 0) ^ 1;
      other[last] = (other[last] ?? 0) ^ 1;
    } else {
      other[1] = (other[1] ?? 0) ^ 0x10;
      other[last] = ((other[last] ?? 0) + (((other[1] ?? 0) & 0x10) === 0 ? -0x10 : 0x10)) & 255;
    }
    return other;
  };

const reset = (rig: Rig) => () => {
  rig.line.silence();
  rig.unit?.powerCycle();
};

const LINE: Record<string, Fault> = {
  noReply: wire(() => ({ fault: "noReply" })),
  lateReply: wire((rig) => ({ fault: "lateReply", lateMs: rig.between(150, 2_500) })),
  duplicateReply: wire(() => ({ fault: "duplicateReply" })),
  badChecksum: wire(() => ({ fault: "badChecksum" })),
  flippedBit: wire((rig) => ({ fault: "flippedBit", at: at(rig) - 1, bit: Math.floor(rig.random() * 8) })),
  truncated: wire((rig) => ({ fault: "truncated", at: at(rig) })),
  split: wire((rig) => ({ fault: "split", at: at(rig) })),
  bytewise: wire(() => ({ fault: "bytewise" })),
  merged: wire(() => ({ fault: "merged" })),
  garbageBefore: wire((rig) => ({
    fault: "garbageBefore",
    garbage: Uint8Array.from({ length: 1 + Math.floor(rig.random() * 6) }, () =>
      Math.floor(rig.random() * 256),
    ),
  })),
  wrongAddress: wire((rig) => ({ fault: "replaced", by: elsewhere(rig) })),
  nak: wire(() => ({ fault: "replaced", by: () => Uint8Array.of(0x15) })),
  echo: wire(() => ({ fault: "echo" })),
  requestLost: wire(() => ({ fault: "requestEvent", happens: () => undefined })),
  resetBefore: wire((rig) => ({ fault: "requestEvent", happens: reset(rig) })),
  resetAfter: wire((rig) => ({ fault: "event", happens: reset(rig) })),
  unplugBefore: wire((rig) => ({
    fault: "requestEvent",
    happens: () => rig.line.unplug(rig.between(50, 4_000)),
  })),
  unplugAfter: wire((rig) => ({ fault: "event", happens: () => rig.line.unplug(rig.between(50, 4_000)) })),
};

/** A sensor that shows something else; what lies is not judged by what it says. */
const lie = (begin: (rig: Rig) => void): Fault => ({
  lies: true,
  apply: (rig) => {
    begin(rig);
    return () => true;
  },
});

/** Shows one thing and then another, look by look. */
const inTurn = <T>(...shown: T[]): (() => T) => {
  let looks = 0;
  return () => shown[looks++ % shown.length] as T;
};

/** What a motor or a coil meets at its next turn. */
const mechanical = (turn: string, begin: (rig: Rig) => void): Fault => ({
  turn,
  apply: (rig) => {
    const before = rig.turns[turn] ?? 0;
    begin(rig);
    return () => (rig.turns[turn] ?? 0) > before;
  },
});

const jam = (motor: Jam["motor"], where: Jam["where"]): Fault =>
  mechanical(motor, ({ plant }) => plant.cards.setJam(ROLE, { motor, where, after: 0 }));

const LOCKS: Record<string, Fault> = {
  itemStuckPresent: lie(({ plant }) => plant.setItemSensor("1", "stuckPresent")),
  itemStuckAbsent: lie(({ plant }) => plant.setItemSensor("1", "stuckAbsent")),
  itemContradicts: lie((rig) => {
    rig.lies.item = inTurn(true, false);
  }),
  latchStuckLocked: lie((rig) => {
    rig.lies.latch = () => "locked";
  }),
  latchStuckOpen: lie((rig) => {
    rig.lies.latch = () => "open";
  }),
  latchContradicts: lie((rig) => {
    rig.lies.latch = inTurn<"locked" | "open">("locked", "open");
  }),
  boltJams: mechanical("coil", ({ plant }) => plant.setJammed("1", true)),
};

const gpioFails = (way: "read" | "write" | "open", lasts: (rig: Rig) => number): Fault => ({
  ...(way === "write" ? { turn: "coil" } : {}),
  apply: (rig) => {
    let left = lasts(rig);
    let met = false;
    rig.gpioFault = (which) => {
      if (which !== way || left <= 0) return false;
      left--;
      met = true;
      return true;
    };
    return () => met;
  },
});

const GPIO: Record<string, Fault> = {
  readFails: gpioFails("read", times),
  writeFails: gpioFails("write", () => 1),
  openFails: gpioFails("open", times),
  wiresCut: {
    lies: true,
    apply: (rig) => {
      rig.cutWires(rig.between(50, 5_000));
      return () => true;
    },
  },
};

const CARDS: Record<string, Fault> = {
  feedJamsAtStart: jam("feed", "start"),
  feedJamsHalfWay: jam("feed", "middle"),
  presentJamsAtStart: jam("present", "start"),
  presentJamsHalfWay: jam("present", "middle"),
  retractJamsAtStart: jam("retract", "start"),
  retractJamsHalfWay: jam("retract", "middle"),
  doubleFeed: mechanical("feed", ({ plant }) => plant.cards.setDoubleFeed(ROLE, 1)),
  binFull: script(({ plant }) => plant.cards.setBinCapacity(ROLE, 0)),
  pathStuckClear: lie((rig) => {
    rig.lies.path = () => "none";
  }),
  pathStuckReader: lie((rig) => {
    rig.lies.path = () => "reader";
  }),
  pathStuckGate: lie((rig) => {
    rig.lies.path = () => "gate";
  }),
  pathContradicts: lie((rig) => {
    rig.lies.path = inTurn<"none" | "gate" | "reader">("reader", "none", "gate");
  }),
};

const named = (prefix: string, list: readonly string[], make: (name: string) => Fault) =>
  Object.fromEntries(list.filter((name) => name !== "ok").map((name) => [`${prefix}-${name}`, make(name)]));

const BOARD_SCRIPTS = named("board", LOCK_FAULTS, (name) =>
  script((rig, count) => rig.boards?.setFault(name as (typeof LOCK_FAULTS)[number], count)),
);
const UNIT_SCRIPTS = named("unit", DISPENSER_FAULTS, (name) =>
  script((rig, count) => rig.unit?.setFault(name as (typeof DISPENSER_FAULTS)[number], count)),
);
const { nak: _, resetBefore: __, resetAfter: ___, ...BOARD_LINE } = LINE;

/** Every script that the simulators of a device have, by name. */
export function faultsOf(device: DeviceName): Readonly<Record<string, Fault>> {
  return SCRIPTS[device];
}

const board = { ...BOARD_LINE, ...BOARD_SCRIPTS, ...LOCKS };
const { itemStuckPresent: _p, itemStuckAbsent: _a, itemContradicts: _c, ...PLAIN } = board;
const cards = { ...LINE, ...UNIT_SCRIPTS, ...CARDS };
const SCRIPTS: Record<DeviceName, Record<string, Fault>> = {
  kerong: board,
  plain: PLAIN as Record<string, Fault>,
  gpio: { ...LOCKS, ...GPIO },
  m001: cards,
  r02: cards,
};
