import type { Static } from "@sinclair/typebox";
import {
  type Driver,
  deviceFault,
  type GuardSensor,
  POWER_STATES,
  type PowerState,
  type Reading,
  readingOf,
} from "../../contract/index.ts";
import { err, isFault, Mutex, ok } from "../../kit/index.ts";
import { type DriverTools, i2cSensor } from "../../ports/index.ts";
import type { Ina226Configuration } from "./configuration.ts";
import {
  CALIBRATION,
  CONVERSION_MS,
  DIE,
  MANUFACTURER,
  OVERFLOW,
  READY,
  REGISTER,
  SETTINGS,
  TRIGGER,
  valuesOf,
} from "./registers.ts";

const READINGS = {
  volts: { what: { name: "hw.voltage", unit: "V" }, range: { low: 0, high: 36 } },
  amps: { what: { name: "hw.current", unit: "A" }, range: { low: -1_000, high: 1_000 } },
  watts: { what: { name: "hw.power", unit: "W" }, range: { low: 0, high: 36_000 } },
  state: { what: { name: "kiosk.power.state", unit: "1" }, range: { low: 0, high: POWER_STATES.length - 1 } },
} as const;

/**
 * Mains and battery: voltage of the unit's rail, current into its battery, and what both come to. Measured by command, so
 * that all words are of one moment and an old one is known as such. `guard` is active while the unit is not on the mains.
 */
export function create(
  settings: Static<typeof Ina226Configuration>,
  tools: DriverTools,
): Driver<GuardSensor> {
  const { address, role } = settings;
  const { clock } = tools;
  const ohms = settings.shuntMicroOhm / 1_000_000;
  const stateOf = (volts: number): PowerState =>
    volts >= settings.mainsAboveV ? "mains" : volts < settings.lowBelowV ? "low" : "onBattery";

  return i2cSensor<GuardSensor>("sensor.ina226", settings, tools, async (bus) => {
    const one = new Mutex();
    const listeners = new Set<(state: "active" | "inactive") => void>();
    let last: PowerState | undefined;
    const word = async (register: number): Promise<number> => {
      const [high = 0, low = 0] = await bus.readBlock(address, register, 2);
      return (high << 8) | low;
    };
    const signed = async (register: number): Promise<number> => ((await word(register)) << 16) >> 16;
    const put = (register: number, value: number): Promise<void> =>
      bus.write(address, Uint8Array.of(register, value >> 8, value & 0xff));
    const identify = async (): Promise<void> => {
      const [maker, die] = [await word(REGISTER.manufacturer), await word(REGISTER.die)];
      if (maker !== MANUFACTURER || die !== DIE) throw deviceFault("misbound", { role, chip: die });
    };

    const measure = (): Promise<Reading[]> =>
      one.run(async () => {
        // Written each time: a part that has lost its power since has forgotten it and would read 0 A.
        await put(REGISTER.calibration, CALIBRATION);
        await put(REGISTER.configuration, TRIGGER);
        await clock.sleep(CONVERSION_MS);
        const mask = await word(REGISTER.mask);
        const words = {
          shunt: await signed(REGISTER.shunt),
          bus: await word(REGISTER.bus),
          power: await word(REGISTER.power),
          current: await signed(REGISTER.current),
        };
        const set = (await word(REGISTER.configuration)) & SETTINGS;
        if ((await word(REGISTER.calibration)) !== CALIBRATION || set !== (TRIGGER & SETTINGS))
          throw deviceFault("protocol", { reason: "settings" });
        const { volts, amps, watts } = valuesOf(words, ohms);
        const fresh = (mask & READY) !== 0;
        const known = (mask & OVERFLOW) === 0;
        if (fresh) note(stateOf(volts));
        const at = clock.wall();
        const told = (key: keyof typeof READINGS, value: number | undefined) =>
          readingOf(READINGS[key].what, value, READINGS[key].range, at, fresh);
        return [
          told("volts", volts),
          told("amps", known ? amps : undefined),
          told("watts", known ? watts : undefined),
          told("state", fresh ? POWER_STATES.indexOf(stateOf(volts)) : undefined),
        ];
      });
    const active = (state: PowerState) => (state === "mains" ? "inactive" : "active");
    const note = (state: PowerState): void => {
      const before = last;
      last = state;
      if (before === undefined || active(before) === active(state)) return;
      for (const listener of listeners) listener(active(state));
    };

    await identify();
    return {
      identity: { model: "INA226" },
      readings: Object.values(READINGS).map(({ what }) => what.name),
      capabilities: { guards: "onBattery" },
      measure,
      probe: async () => void (await measure()),
      recover: async () => {
        await identify();
        await measure();
        return { state: last ?? "unknown" };
      },
      more: {
        guard: {
          read: async () => {
            try {
              const state = (await measure()).find(({ name }) => name === READINGS.state.what.name);
              if (state?.quality !== "good") return err(deviceFault("fault", { role, reason: "stale" }));
              return ok(state.value === 0 ? "inactive" : "active");
            } catch (error) {
              return err(isFault(error) ? error : deviceFault("fault", { role }, error));
            }
          },
          watch: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
      },
    };
  });
}
