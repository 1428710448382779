import {
  type Camera,
  type CameraRole,
  type DeviceStatus,
  type Driver,
  deviceFault,
  type Fingerprint,
  type Sensor,
  STILL_LIMIT_MS,
} from "../../drivers/contract/index.ts";
import { DeviceHost } from "../../drivers/host/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import { driverTools, type Ports } from "../../drivers/ports/index.ts";
import { createDrivers, type DeviceConfiguration } from "../../drivers/registry/index.ts";
import { CameraView } from "./camera-view.ts";

export interface SensesDevices {
  finger: DeviceHost<Fingerprint> | undefined;
  sensors: DeviceHost<Sensor>[];
  view(role: CameraRole): CameraView | undefined;
  views(): CameraView[];
  all(): DeviceHost<unknown>[];
}

/** Which camera is which: the last word of its role in the configuration. */
const cameraRole = (role: string): CameraRole => (role.endsWith(".document") ? "document" : "portrait");

/** Hosts for what captures. Everything that can move or guard something is the vault's: here no token is ever good. */
export async function makeDevices(
  configured: readonly DeviceConfiguration[],
  ports: Ports,
  clock: Clock,
  onStatus: (device: DeviceStatus) => void,
): Promise<SensesDevices> {
  const tools = driverTools(ports, clock, (_, device) => {
    throw deviceFault("unauthorised", { device });
  });
  const all: DeviceHost<unknown>[] = [];
  const sensors: DeviceHost<Sensor>[] = [];
  const views = new Map<CameraRole, CameraView>();
  let finger: DeviceHost<Fingerprint> | undefined;
  for (const { driver } of await createDrivers("senses", configured, tools)) {
    // The class of a driver says which verbs it has.
    const hosted = <V>(): DeviceHost<V> => new DeviceHost(driver as Driver<V>, { clock, onStatus });
    switch (driver.class) {
      case "fingerprint":
        finger = hosted<Fingerprint>();
        all.push(finger as DeviceHost<unknown>);
        break;
      case "camera": {
        const host = hosted<Camera>();
        views.set(cameraRole(driver.role), new CameraView(host, clock, STILL_LIMIT_MS + 1_000));
        all.push(host as DeviceHost<unknown>);
        break;
      }
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
    sensors,
    view: (role) => views.get(role),
    views: () => [...views.values()],
    all: () => all,
  };
}
