import {
  cable,
  type DispenserSimulator,
  Plant,
  startDispenserSimulator,
} from "../../../drivers/bench/index.ts";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import {
  type Dispenser,
  deviceFault,
  type MotionToken,
  type Session,
} from "../../../drivers/contract/index.ts";
import { crt591Driver } from "../../../drivers/dispenser/crt591/index.ts";
import { defer } from "../../../drivers/kit/index.ts";
import type { SerialFactory } from "../../../drivers/ports/index.ts";

export const ROLE = "dispenser.main";
export const CARDS = ["04A1B2C3D4E580", "04A1B2C3D4E581", "04A1B2C3D4E582"];

export interface UnitRig {
  clock: VirtualClock;
  plant: Plant;
  unit: DispenserSimulator;
  /** Whole writes of the driver, capital hex. */
  written: string[];
  rates: number[];
  open(): Promise<Session<Dispenser>>;
  token(motion: string, compartment?: number): MotionToken;
  view(): ReturnType<Plant["cards"]["views"]>[number];
}

/** A driver in virtual time with its simulator. Tokens hold once, as those of a ledger. */
export function unitRig(
  options: {
    profile?: "m001" | "r02";
    found?: "m001" | "r02";
    /** Rate that the unit hears. */
    hears?: number;
    loaded?: string[];
  } = {},
): UnitRig {
  const profile = options.profile ?? "m001";
  const clock = new VirtualClock();
  const device = { role: ROLE, driver: "dispenser.crt591", profile, address: 3 };
  const plant = new Plant({
    config: { devices: [device], slots: [] },
    people: [],
    draw: async () => new Uint8Array(),
    now: () => clock.wall(),
  });
  plant.cards.load(ROLE, options.loaded ?? CARDS);
  const { simulator, driver } = cable();
  const unit = startDispenserSimulator({
    device: ROLE,
    profile: options.found ?? profile,
    address: 3,
    line: simulator,
    world: plant,
    clock,
    ownTimerMs: 20_000,
  });
  const written: string[] = [];
  const rates: number[] = [];
  const live = new Set<MotionToken>();
  const serial: SerialFactory = async ({ baudRate }) => {
    let rate = baudRate;
    const closed = defer<void>();
    return {
      write: async (bytes) => {
        written.push(Buffer.from(bytes).toString("hex").toUpperCase());
        if (options.hears === undefined || options.hears === rate) driver.send(bytes);
      },
      onData: (listener) => driver.onBytes(listener),
      setBaudRate: async (next) => {
        rate = next;
        rates.push(next);
      },
      closed: closed.promise,
      close: async () => closed.resolve(),
    };
  };
  return {
    clock,
    plant,
    unit,
    written,
    rates,
    open: () =>
      crt591Driver(
        { role: ROLE, port: { path: "/dev/dispenser", baudRate: 9_600 }, address: 3, profile },
        {
          serial,
          clock,
          redeem: (token, role, compartment, motion) => {
            const good =
              token.device === role && token.compartment === compartment && token.motion === motion;
            if (!live.delete(token) || !good) throw deviceFault("unauthorised");
          },
        },
      ).open(new AbortController().signal),
    token: (motion, compartment = 0) => {
      const token = { effect: "e", device: ROLE, compartment, motion } as unknown as MotionToken;
      live.add(token);
      return token;
    },
    view: () => plant.cards.views()[0] as UnitRigView,
  };
}
type UnitRigView = ReturnType<Plant["cards"]["views"]>[number];
