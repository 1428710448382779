import type { Static } from "@sinclair/typebox";
import { type AuxiliaryInput, type Driver, deviceFault, type Session } from "../../contract/index.ts";
import { defer, err, type Fault, isFault, ok } from "../../kit/index.ts";
import type { DriverTools, GpioFactory, GpioLine } from "../../ports/index.ts";
import type { GpioInputConfiguration } from "./configuration.ts";

export interface GpioInputSettings {
  role: string;
  line: GpioLine;
  activeLow: boolean;
  debounceMs: number;
}

/** A contact on a GPIO line: door, tamper loop, key switch. Read at start, watched for edges, and read again at each probe. */
export function gpioInputDriver(
  settings: GpioInputSettings,
  options: { gpio: GpioFactory },
): Driver<AuxiliaryInput> {
  return {
    role: settings.role,
    class: "auxiliary",
    name: "auxiliary.gpio",
    probeEveryMs: 1_000,
    deviceTimeMs: 1_000,
    open: async () => {
      const input = await options.gpio.input(settings.line, settings);
      const listeners = new Set<(state: "active" | "inactive") => void>();
      let last: 0 | 1 | undefined;
      const note = (level: 0 | 1): void => {
        if (level === last) return;
        const first = last === undefined;
        last = level;
        if (!first) for (const listener of listeners) listener(level ? "active" : "inactive");
      };
      input.onEdge(note);
      const session: Session<AuxiliaryInput> = {
        identity: { model: "GPIO input", serial: `${settings.line.chip}:${settings.line.offset}` },
        capabilities: { edges: true },
        verbs: {
          read: async () => {
            try {
              const level = await input.read();
              note(level);
              return ok(level ? "active" : "inactive");
            } catch (error) {
              return err(isFault(error) ? error : deviceFault("fault", { role: settings.role }, error));
            }
          },
          watch: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
        recover: async () => {
          note(await input.read());
          return { active: last === 1 };
        },
        // An edge can be lost on the way through sysfs; the level heals it within a second.
        probe: async () => note(await input.read()),
        lost: defer<Fault>().promise,
        close: () => input.close(),
      };
      return session;
    },
  };
}

export const create = (
  settings: Static<typeof GpioInputConfiguration>,
  tools: DriverTools,
): Driver<AuxiliaryInput> => gpioInputDriver(settings, tools.ports);
