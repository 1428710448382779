import { Type } from "@sinclair/typebox";
import { type Clock, check } from "../../drivers/kit/index.ts";
import type { Answer } from "../../provisioning/answer/index.ts";
import { askHealth } from "../ipc/index.ts";

/** As long as a person may stand before the unit until a bundle from the link is tried all the same, ms. */
export const QUIET_MS = 15 * 60_000;
const LOOK_MS = 1_000;

/** Whether a restart now disturbs nobody: no visit on the screen, no slot open, no item lying out; a core that is not there has none. */
export async function isQuiet(state: string): Promise<boolean> {
  const said = (await askHealth(state).catch(() => ({}))) as { state?: string; slotsOut?: boolean };
  return said.state !== "visit" && said.slotsOut !== true;
}

/** Resolves when the unit is quiet, after a quarter of an hour all the same, or when `signal` aborts. */
export async function whenQuiet(state: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const end = clock.mono() + QUIET_MS;
  while (clock.mono() < end && !signal.aborted && !(await isQuiet(state))) await clock.sleep(LOOK_MS, signal);
}

const HealthSchema = Type.Object({
  missing: Type.Record(Type.String(), Type.Array(Type.String())),
  broken: Type.Array(Type.String()),
  devices: Type.Array(
    Type.Object({
      role: Type.String(),
      driver: Type.String(),
      state: Type.String(),
      model: Type.Optional(Type.String()),
    }),
  ),
});

/** What the running unit adds to its answer: what is missing for service, and its devices. */
export type UnitReport = Pick<Answer, "missing"> & Required<Pick<Answer, "devices">>;

/** Undefined while the unit does not run. */
export async function reportOf(state: string): Promise<UnitReport | undefined> {
  const said = check(HealthSchema, await askHealth(state).catch(() => undefined), "health");
  if (!said.ok) return undefined;
  const { missing, broken, devices } = said.value;
  const codes = [...Object.values(missing).flat(), ...broken.map((service) => `service.${service}`)];
  const short = (text: string) => text.slice(0, 60);
  return {
    missing: [...new Set(codes)].slice(0, 64).map(short),
    devices: devices.slice(0, 64).map(({ role, driver, state: is, model }) => ({
      role: short(role),
      driver: short(driver),
      state: is.slice(0, 20),
      ...(model === undefined ? {} : { model: short(model) }),
    })),
  };
}
