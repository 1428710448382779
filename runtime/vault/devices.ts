import type {
  AuxiliaryInput,
  DeviceStatus,
  Dispenser,
  Driver,
  GuardSensor,
  Indicator,
  Lock,
  Redeem,
} from "../../drivers/contract/index.ts";
import { DeviceHost, type InterlockBoard } from "../../drivers/host/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import { driverTools, type Ports, type WireTap } from "../../drivers/ports/index.ts";
import { createDrivers, type DeviceConfiguration } from "../../drivers/registry/index.ts";
import { type GuardInput, guardInput } from "./guards.ts";

export interface VaultDevices {
  locks: Map<string, DeviceHost<Lock>>;
  dispensers: Map<string, DeviceHost<Dispenser>>;
  inputs: Map<string, DeviceHost<AuxiliaryInput>>;
  /** Sensors that can forbid motion: among the inputs too. */
  guards: DeviceHost<GuardInput>[];
  lights: Map<string, DeviceHost<Indicator>>;
  all(): DeviceHost<unknown>[];
}

/** Hosts for everything that can move or guard something. */
export async function makeDevices(options: {
  configured: readonly DeviceConfiguration[];
  ports: Ports;
  clock: Clock;
  redeem: Redeem;
  tap: WireTap;
  onStatus: (device: DeviceStatus) => void;
  onWedged: ((role: string) => void) | undefined;
  interlocks: InterlockBoard;
  /** An edge, or an input that was active before anybody watched. */
  onInput: (role: string, state: "active" | "inactive") => void;
  /** How an input is when it begins to be watched. */
  onLevel: (role: string, state: "active" | "inactive") => void;
}): Promise<VaultDevices> {
  const { clock, onStatus, onWedged, onInput, onLevel, interlocks } = options;
  const hosting = { clock, onStatus, ...(onWedged ? { onWedged } : {}) };
  const locks: VaultDevices["locks"] = new Map();
  const dispensers: VaultDevices["dispensers"] = new Map();
  const inputs: VaultDevices["inputs"] = new Map();
  const guards: VaultDevices["guards"] = [];
  const lights: VaultDevices["lights"] = new Map();
  const moving = { ...hosting, interlocks };
  const level = async (role: string, input: AuxiliaryInput): Promise<void> => {
    const read = await input.read();
    if (!read.ok) return;
    onLevel(role, read.value);
    // What was active before anybody watched makes no edge.
    if (read.value === "active") onInput(role, "active");
  };
  const watched = (role: string) => (input: AuxiliaryInput) => {
    input.watch((state) => onInput(role, state));
    void level(role, input);
  };
  /** Used up first: what an interlock stops here is never sent later either. */
  const redeem: Redeem = (token, device, compartment, motion) => {
    options.redeem(token, device, compartment, motion);
    (locks.get(device) ?? dispensers.get(device))?.permit();
  };
  const tools = driverTools(options.ports, clock, redeem, options.tap);
  for (const { driver } of await createDrivers("vault", options.configured, tools)) {
    const { role } = driver;
    // The class of a driver says which verbs it has.
    switch (driver.class) {
      case "lock":
        locks.set(role, new DeviceHost(driver as Driver<Lock>, moving));
        break;
      case "dispenser":
        dispensers.set(role, new DeviceHost(driver as Driver<Dispenser>, moving));
        break;
      case "auxiliary":
        inputs.set(
          role,
          new DeviceHost(driver as Driver<AuxiliaryInput>, { ...hosting, onReady: watched(role) }),
        );
        break;
      case "sensor": {
        const host = new DeviceHost(guardInput(driver as Driver<GuardSensor>), {
          ...hosting,
          onReady: watched(role),
        });
        guards.push(host);
        inputs.set(role, host as unknown as DeviceHost<AuxiliaryInput>);
        break;
      }
      case "indicator":
        lights.set(role, new DeviceHost(driver as Driver<Indicator>, hosting));
        break;
      default:
        throw new TypeError(`the vault has no use for a ${driver.class}`);
    }
  }
  const hosts = [locks, dispensers, inputs, lights] as ReadonlyMap<string, DeviceHost<unknown>>[];
  return { locks, dispensers, inputs, guards, lights, all: () => hosts.flatMap((map) => [...map.values()]) };
}
