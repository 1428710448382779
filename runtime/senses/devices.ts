import {
  type Camera,
  type CameraRole,
  type Cleared,
  type DeviceStatus,
  type Driver,
  type Fingerprint,
  type Printer,
  type Redeem,
  type Sensor,
  STILL_LIMIT_MS,
} from "../../drivers/contract/index.ts";
import { DeviceHost } from "../../drivers/host/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import { driverTools, type Ports, type WireTap } from "../../drivers/ports/index.ts";
import { createDrivers, type DeviceConfiguration } from "../../drivers/registry/index.ts";
import { CameraView } from "./camera-view.ts";

export interface SensesDevices {
  finger: DeviceHost<Fingerprint> | undefined;
  printer: DeviceHost<Printer> | undefined;
  sensors: DeviceHost<Sensor>[];
  view(role: CameraRole): CameraView | undefined;
  views(): CameraView[];
  all(): DeviceHost<unknown>[];
}

/** Which camera is which: the last word of its role in the configuration. */
const cameraRole = (role: string): CameraRole => (role.endsWith(".document") ? "document" : "portrait");

/** Hosts for what captures, and for the receipt printer. Everything else that can move or guard something is the vault's. */
export async function makeDevices(options: {
  configured: readonly DeviceConfiguration[];
  ports: Ports;
  clock: Clock;
  redeem: Redeem;
  tap: WireTap;
  onStatus: (device: DeviceStatus) => void;
  onWedged: ((role: string) => void) | undefined;
  onCleared: (role: string, cleared: Cleared) => void;
}): Promise<SensesDevices> {
  const { clock, onStatus, onWedged, onCleared } = options;
  const hosting = { clock, onStatus, ...(onWedged ? { onWedged } : {}) };
  const tools = driverTools(options.ports, clock, options.redeem, options.tap);
  const all: DeviceHost<unknown>[] = [];
  const sensors: DeviceHost<Sensor>[] = [];
  const views = new Map<CameraRole, CameraView>();
  let finger: DeviceHost<Fingerprint> | undefined;
  let printer: DeviceHost<Printer> | undefined;
  for (const { driver } of await createDrivers("senses", options.configured, tools)) {
    // The class of a driver says which verbs it has.
    const hosted = <V>(): DeviceHost<V> => new DeviceHost(driver as Driver<V>, hosting);
    switch (driver.class) {
      case "fingerprint":
        finger = new DeviceHost(driver as Driver<Fingerprint>, {
          ...hosting,
          onReady: (module) => void module.onCleared((cleared) => onCleared(driver.role, cleared)),
        });
        all.push(finger as DeviceHost<unknown>);
        break;
      case "camera": {
        const host = hosted<Camera>();
        views.set(cameraRole(driver.role), new CameraView(host, clock, STILL_LIMIT_MS + 1_000));
        all.push(host as DeviceHost<unknown>);
        break;
      }
      case "printer":
        printer = hosted<Printer>();
        all.push(printer as DeviceHost<unknown>);
        break;
      case "sensor": {
        const host = hosted<Sensor>();
        sensors.push(host);
        all.push(host as DeviceHost<unknown>);
        break;
      }
      default:
        throw new TypeError(`the senses have no use for a ${driver.class}`);
    }
  }
  return {
    finger,
    printer,
    sensors,
    view: (role) => views.get(role),
    views: () => [...views.values()],
    all: () => all,
  };
}
