import type { Static } from "@sinclair/typebox";
import { type Driver, deviceFault, type Indicator, type Session } from "../../contract/index.ts";
import { defer, err, type Fault, isFault, ok } from "../../kit/index.ts";
import type { DriverTools, GpioFactory, GpioLine } from "../../ports/index.ts";
import type { GpioOutputConfiguration } from "./configuration.ts";

export interface GpioOutputSettings {
  role: string;
  line: GpioLine;
  activeLow: boolean;
}

/** A light on a GPIO line. Off when it is opened, recovered and closed. */
export function gpioOutputDriver(
  settings: GpioOutputSettings,
  options: { gpio: GpioFactory },
): Driver<Indicator> {
  return {
    role: settings.role,
    class: "indicator",
    name: "indicator.gpio",
    probeEveryMs: 60_000,
    deviceTimeMs: 1_000,
    open: async () => {
      const output = await options.gpio.output(settings.line, { activeLow: settings.activeLow, initial: 0 });
      let level: 0 | 1 = 0;
      const session: Session<Indicator> = {
        identity: { model: "GPIO output", serial: `${settings.line.chip}:${settings.line.offset}` },
        capabilities: {},
        verbs: {
          set: async (on) => {
            try {
              level = on ? 1 : 0;
              await output.write(level);
              return ok(undefined);
            } catch (error) {
              return err(isFault(error) ? error : deviceFault("fault", { role: settings.role }, error));
            }
          },
        },
        recover: async () => {
          await output.write(0);
          return {};
        },
        probe: () => output.write(level),
        lost: defer<Fault>().promise,
        close: () => output.close(),
      };
      return session;
    },
  };
}

export const create = (
  settings: Static<typeof GpioOutputConfiguration>,
  tools: DriverTools,
): Driver<Indicator> => gpioOutputDriver(settings, tools.ports);
