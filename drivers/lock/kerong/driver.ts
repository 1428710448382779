import {
  type Driver,
  deviceFault,
  type Evidence,
  type Lock,
  type LockState,
  type Redeem,
  type Session,
} from "../../contract/index.ts";
import { err, isFault, ok, type Result } from "../../kit/index.ts";
import type { KerongBuses } from "./bus.ts";
import type { StatusFrame } from "./frame.ts";

export interface KerongSettings {
  role: string;
  port: { path: string; baudRate: number };
  /** DIP switch, 0-9. */
  board: number;
  compartments: number;
  /** Bit value of the feedback contact that means locked; sources and locks differ. */
  lockedBit: 0 | 1;
  /** Bit value that means an item is there; absent when no item sensors are wired. */
  itemBit?: 0 | 1 | undefined;
  pulseMs: number;
}

const OPENING_QUESTIONS = 3;

/**
 * A Kerong CU board. It tells the latch of each lock and, where sensors are wired, whether something lies in the
 * compartment. It cannot say what lies there, so two people load.
 */
export function kerongDriver(
  settings: KerongSettings,
  options: { buses: KerongBuses; redeem: Redeem },
): Driver<Lock> {
  return {
    role: settings.role,
    class: "lock",
    name: "lock.kerong",
    probeEveryMs: 1_000,
    deviceTimeMs: 2_000,
    open: async () => {
      const { bus, release } = await options.buses.acquire(settings.port.path, settings.port.baudRate);
      try {
        // More than once: two boards with one address do not spoil each other's answer every time.
        for (let asked = 0; asked < OPENING_QUESTIONS; asked++) await bus.status(settings.board);
      } catch (error) {
        await release();
        throw error;
      }
      const evidence: Evidence[] = settings.itemBit === undefined ? ["latch"] : ["latch", "item"];
      const capabilities = {
        compartments: settings.compartments,
        evidence,
        pulseMs: settings.pulseMs,
        readsItem: false,
      };
      const read = async (): Promise<Result<LockState[]>> => {
        try {
          return ok(statesOf(settings, await bus.status(settings.board)));
        } catch (error) {
          return err(isFault(error) ? error : deviceFault("fault", { role: settings.role }, error));
        }
      };
      const session: Session<Lock> = {
        identity: { model: "Kerong CU", serial: `board ${settings.board}` },
        capabilities: { ...capabilities, echo: bus.echoes },
        verbs: {
          capabilities,
          read,
          unlock: async (token) => {
            if (token.compartment < 0 || token.compartment >= settings.compartments) {
              return err(deviceFault("invalidParameter", { compartment: token.compartment }));
            }
            await bus.unlock(settings.board, token.compartment, settings.pulseMs, () =>
              options.redeem(token, settings.role, token.compartment),
            );
            return ok(undefined);
          },
        },
        // The board pulses by itself and has no output to switch off; its positions are what is to be known.
        recover: async () => {
          const states = statesOf(settings, await bus.status(settings.board));
          return { open: states.filter((state) => state.latch === "open").length };
        },
        probe: async () => {
          await bus.status(settings.board);
        },
        lost: bus.lost,
        close: release,
      };
      return session;
    },
  };
}

function statesOf(settings: KerongSettings, frame: StatusFrame): LockState[] {
  return Array.from({ length: settings.compartments }, (_, compartment) => {
    const bit = (bits: number) => (bits >> compartment) & 1;
    return {
      compartment,
      latch: bit(frame.latchBits) === settings.lockedBit ? "locked" : "open",
      item:
        settings.itemBit === undefined
          ? "unknown"
          : bit(frame.itemBits) === settings.itemBit
            ? "present"
            : "absent",
    };
  });
}
