import type { Plant } from "../../bench/index.ts";
import { type DispenserSimulator, startDispenserSimulator } from "../../bench/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Dispenser, DispenserState } from "../../contract/index.ts";

interface Sim {
  unit: DispenserSimulator;
  plant: Plant;
}

const ROLE = "dispenser.main";
const FIRST = "04A1B2C3D4E580";
const SECOND = "04A1B2C3D4E581";

const viewOf = ({ plant }: Sim) => {
  const [view] = plant.cards.views();
  if (!view) throw new TypeError("the plant has no dispenser");
  return view;
};
const motions = (sim: Sim) => Object.values(viewOf(sim).motions).reduce((sum, count) => sum + count, 0);

/** Puts the cards where a situation wants them: everything out, two in the magazine, then the first one moved by hand. */
const cards = (where: "magazine" | "reader" | "gate") => (sim: Sim) => {
  const { plant } = sim;
  plant.cards.free(ROLE);
  plant.cards.empty(ROLE, "magazine");
  plant.cards.load(ROLE, [FIRST, SECOND]);
  plant.cards.moveByHand(ROLE, where);
};
const PATHS = { none: "clear", gate: "gate", reader: "reader" } as const;

/** What moves, with where it must begin and where the card is when it says that it has moved. */
const moving = (
  motion: "feed" | "present" | "retract",
  from: "magazine" | "reader" | "gate",
  to: string,
) => ({
  kind: "actuate" as const,
  situations: { [`a card is at the ${from}`]: cards(from) },
  run: (dispenser: Dispenser, context: { token(): Parameters<Dispenser["feed"]>[0] }) =>
    dispenser[motion](context.token()),
  lie: (_: unknown, { plant }: Sim) => {
    const place = plant.ledgerOfItems().find(({ code, place }) => code === FIRST && place !== "out")?.place;
    return place === `${ROLE}/${to}` ? undefined : `that it moved a card, which is at ${place}`;
  },
  deviceTimeMs: 20_000,
});

export const conformance: ConformanceEntry<Dispenser, Sim> = {
  configuration: {
    role: ROLE,
    driver: "dispenser.crt591",
    profile: "m001",
    address: 0,
    port: { path: "/dev/dispenser", baudRate: 9_600 },
  },
  start: ({ plant, line, clock }) => ({
    unit: startDispenserSimulator({ device: ROLE, profile: "m001", address: 0, line, world: plant, clock }),
    plant,
  }),
  stop: ({ unit }) => unit.stop(),
  evidence: ["path", "bin"],
  motions,
  reset: ({ unit }) => unit.powerCycle(),
  trials: {
    read: {
      kind: "query",
      situations: {
        "nothing is in the path, two cards in the magazine": cards("magazine"),
        "a card is at the reader": cards("reader"),
        "a card is at the gate": cards("gate"),
      },
      run: (dispenser) => dispenser.read(),
      lie: (state: DispenserState, sim) => {
        const view = viewOf(sim);
        if (state.path !== "unknown" && state.path !== PATHS[view.path]) return `path ${state.path}`;
        if (state.bin.count !== undefined && state.bin.count !== view.bin.length)
          return `bin ${state.bin.count}`;
        const stock = view.magazine.length === 0 ? "empty" : "low";
        return state.magazines[0] === stock ? undefined : `magazine ${state.magazines[0]}`;
      },
      deviceTimeMs: 15_000,
    },
    identify: {
      kind: "query",
      situations: { "a card is at the reader": cards("reader") },
      run: (dispenser) => dispenser.identify(),
      lie: (uid) => (uid === FIRST ? undefined : `card ${uid}`),
      deviceTimeMs: 30_000,
    },
    feed: moving("feed", "magazine", "path"),
    present: moving("present", "reader", "gate"),
    retract: moving("retract", "gate", "bin"),
    accept: {
      kind: "actuate",
      situations: { "nothing is in the path": cards("magazine") },
      run: (dispenser, context) => dispenser.accept(context.token()),
      lie: (_, sim) => (viewOf(sim).entry ? undefined : "that its entry is open"),
    },
    endAccept: {
      kind: "configure",
      run: (dispenser) => dispenser.endAccept(),
      lie: (_, sim) => (viewOf(sim).entry ? "that its entry is closed" : undefined),
    },
    clearBinCount: {
      kind: "configure",
      run: (dispenser) => dispenser.clearBinCount(),
      lie: (_, sim) => (viewOf(sim).counter === 0 ? undefined : "that its counter is zero"),
      deviceTimeMs: 10_000,
    },
  },
  wire: {
    nak: () => Uint8Array.of(0x15),
    otherAddress: (reply) => {
      const other = Uint8Array.from(reply);
      if (other.length < 7) return other;
      const last = other.length - 1;
      other[1] = (other[1] ?? 0) ^ 1;
      other[last] = (other[last] ?? 0) ^ 1;
      return other;
    },
  },
  exempt: {
    stuckSensor:
      "a lying path sensor is seen only against the bin counter, by who reads both: test/runtime/vault",
  },
};
