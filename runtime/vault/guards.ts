import type { AuxiliaryInput, Driver, GuardSensor, Reading } from "../../drivers/contract/index.ts";
import type { DeviceHost, Readable } from "../../drivers/host/index.ts";
import type { Result } from "../../drivers/kit/index.ts";

/** A sensor as the vault hosts it: an input that may be an interlock, whose readings go out for figures too. */
export interface GuardInput extends AuxiliaryInput {
  readings(): Promise<Result<Reading[]>>;
}

const READ_MS = 2_000;

/** `active` while the unit runs on its battery, or the cabinet leans. */
export function guardInput(driver: Driver<GuardSensor>): Driver<GuardInput> {
  return {
    ...driver,
    open: async (signal) => {
      const session = await driver.open(signal);
      const { guard, read } = session.verbs;
      return { ...session, verbs: { read: guard.read, watch: guard.watch, readings: read } };
    },
  };
}

export const readable = (host: DeviceHost<GuardInput>): Readable => ({
  role: host.role,
  read: () => host.use("query", READ_MS, (input) => input.readings()),
});
