import type { Static } from "@sinclair/typebox";
import { type AuxiliaryInput, type Driver, deviceFault, type Session } from "../../contract/index.ts";
import { err, isFault, ok } from "../../kit/index.ts";
import type { DriverTools } from "../../ports/index.ts";
import type { Mcp23017Configuration } from "./configuration.ts";
import { Expander } from "./expander.ts";

/** A contact on one pin of a port expander: door, key switch, light beam. */
export function create(
  settings: Static<typeof Mcp23017Configuration>,
  tools: DriverTools,
): Driver<AuxiliaryInput> {
  const { role, bus, address, pin, activeLow, debounceMs } = settings;
  const { clock } = tools;
  const expander = tools.share(
    `auxiliary.mcp23017 ${bus} ${address}`,
    () => new Expander(tools.ports.i2c, bus, address, clock),
  );
  const stateOf = (level: number) => ((level === 1) !== activeLow ? "active" : "inactive");

  return {
    role,
    class: "auxiliary",
    name: "auxiliary.mcp23017",
    probeEveryMs: 1_000,
    deviceTimeMs: 1_000,
    open: async () => {
      const listeners = new Set<(state: "active" | "inactive") => void>();
      let last: "active" | "inactive" | undefined;
      /** A level that differs from the last state, and since when. */
      let changed: { level: number; since: number } | undefined;
      const note = (state: "active" | "inactive"): void => {
        changed = undefined;
        if (state === last) return;
        const first = last === undefined;
        last = state;
        if (!first) for (const listener of listeners) listener(state);
      };
      const hold = await expander.hold((levels) => {
        const level = (levels >> pin) & 1;
        if (stateOf(level) === last) {
          changed = undefined;
          return;
        }
        if (changed?.level !== level) changed = { level, since: clock.mono() };
        if (clock.mono() - changed.since >= debounceMs) note(stateOf(level));
      });
      const look = async (): Promise<"active" | "inactive"> => {
        const state = stateOf(await hold.level(pin));
        note(state);
        return state;
      };
      const session: Session<AuxiliaryInput> = {
        identity: { model: "MCP23017", serial: `${bus}:0x${address.toString(16)}:${pin}` },
        capabilities: { edges: true },
        verbs: {
          read: async () => {
            try {
              return ok(await look());
            } catch (error) {
              return err(isFault(error) ? error : deviceFault("fault", { role }, error));
            }
          },
          watch: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
        recover: async () => ({ active: (await look()) === "active" }),
        probe: async () => void (await look()),
        lost: hold.lost,
        close: () => hold.release(),
      };
      return session;
    },
  };
}
