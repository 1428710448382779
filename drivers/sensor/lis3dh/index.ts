import type { Static } from "@sinclair/typebox";
import { type Driver, deviceFault, type GuardSensor, type Reading, readingOf } from "../../contract/index.ts";
import { err, isFault, Mutex, ok } from "../../kit/index.ts";
import { type DriverTools, i2cSensor } from "../../ports/index.ts";
import type { Lis3dhConfiguration } from "./configuration.ts";
import {
  angleBetween,
  BLOCK,
  CONTROL1,
  CONTROL4,
  COUNT_UP,
  magnitude,
  NEW_DATA,
  REGISTER,
  SAMPLE_MS,
  sampleOf,
  TURN_ON_MS,
  WHO_AM_I,
} from "./registers.ts";

const TILT = { name: "kiosk.tilt", unit: "deg" };
const GRAVITY = { name: "kiosk.gravity", unit: "[g]" };
/** What stands still feels 1 g; further from it than this, the direction is not that of gravity. */
const STILL = { low: 0.7, high: 1.3 };
/** A push is not yet a theft, ms. */
const LASTS_MS = 2_000;

/** How far the cabinet leans. `guard` is active once it has leaned too far for two seconds. */
export function create(
  settings: Static<typeof Lis3dhConfiguration>,
  tools: DriverTools,
): Driver<GuardSensor> {
  const { address, role } = settings;
  const { clock } = tools;
  return i2cSensor<GuardSensor>("sensor.lis3dh", settings, tools, async (bus) => {
    const one = new Mutex();
    const listeners = new Set<(state: "active" | "inactive") => void>();
    let leansSince: number | undefined;
    let last: "active" | "inactive" = "inactive";

    const identify = async (): Promise<void> => {
      const [chip] = await bus.readBlock(address, REGISTER.whoAmI, 1);
      if (chip !== WHO_AM_I) throw deviceFault("misbound", { role, chip: chip ?? -1 });
    };
    const setUp = async (): Promise<void> => {
      await bus.writeByte(address, REGISTER.control4, CONTROL4);
      await bus.writeByte(address, REGISTER.control1, CONTROL1);
      await clock.sleep(TURN_ON_MS);
    };
    const block = () => bus.readBlock(address, BLOCK.from | COUNT_UP, BLOCK.length);
    const isSetUp = (bytes: Uint8Array): boolean =>
      bytes[BLOCK.control1] === CONTROL1 && bytes[BLOCK.control4] === CONTROL4;
    const isNew = (bytes: Uint8Array): boolean => ((bytes[BLOCK.status] ?? 0) & NEW_DATA) !== 0;

    /** A part that has lost its power since is set up again; one that was read just now is given time for a new sample. */
    const sample = async (): Promise<{ fresh: boolean; bytes: Uint8Array }> => {
      let bytes = await block();
      if (!isSetUp(bytes)) {
        await setUp();
        bytes = await block();
      } else if (!isNew(bytes)) {
        await clock.sleep(SAMPLE_MS);
        bytes = await block();
      }
      if (!isSetUp(bytes)) throw deviceFault("protocol", { reason: "settings" });
      return { fresh: isNew(bytes), bytes: bytes.subarray(BLOCK.sample) };
    };

    const measure = (): Promise<Reading[]> =>
      one.run(async () => {
        const { fresh, bytes } = await sample();
        const felt = sampleOf(bytes);
        const still = magnitude(felt) >= STILL.low && magnitude(felt) <= STILL.high;
        const tilt = still ? angleBetween(felt, settings.upright) : undefined;
        if (fresh && tilt !== undefined) note(tilt);
        const at = clock.wall();
        return [
          readingOf(TILT, tilt, { low: 0, high: 180 }, at, fresh),
          readingOf(GRAVITY, magnitude(felt), STILL, at, fresh),
        ];
      });
    const note = (tilt: number): void => {
      const now = clock.mono();
      if (tilt <= settings.maxTiltDeg) leansSince = undefined;
      else leansSince ??= now;
      const state = leansSince !== undefined && now - leansSince >= LASTS_MS ? "active" : "inactive";
      if (state === last) return;
      last = state;
      for (const listener of listeners) listener(state);
    };

    await identify();
    return {
      identity: { model: "LIS3DH" },
      readings: [TILT.name, GRAVITY.name],
      capabilities: { guards: "tamper" },
      measure,
      probe: async () => void (await measure()),
      recover: async () => {
        await identify();
        await setUp();
        await measure();
        return {};
      },
      more: {
        guard: {
          read: async () => {
            try {
              const [tilt] = await measure();
              // Whoever shakes it does not show where down is: not known is not upright.
              if (tilt?.quality !== "good") return err(deviceFault("fault", { role, reason: "moved" }));
              return ok(last);
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
