import { libcameraDriver, STILL_LIMIT_MS } from "../../drivers/camera/libcamera/index.ts";
import type { Camera, CameraRole, DeviceStatus, Fingerprint, Sensor } from "../../drivers/contract/index.ts";
import { ef01Driver } from "../../drivers/fingerprint/ef01/index.ts";
import { DeviceHost } from "../../drivers/host/index.ts";
import type { Clock } from "../../drivers/kit/index.ts";
import type { Ports } from "../../drivers/ports/index.ts";
import { bme280Driver } from "../../drivers/sensor/bme280/index.ts";
import type { DeviceConfiguration } from "../../provisioning/index.ts";
import { CameraView } from "./camera-view.ts";

export type SensesPorts = Pick<Ports, "serial" | "i2c" | "camera">;

export interface SensesDevices {
  finger: DeviceHost<Fingerprint> | undefined;
  sensors: DeviceHost<Sensor>[];
  view(role: CameraRole): CameraView | undefined;
  views(): CameraView[];
  all(): DeviceHost<unknown>[];
}

/** Which camera is which: the last word of its role in the configuration. */
const cameraRole = (role: string): CameraRole => (role.endsWith(".document") ? "document" : "portrait");

/** Hosts for what captures. Everything that can move or guard something is the vault's. */
export function makeDevices(
  devices: readonly DeviceConfiguration[],
  ports: SensesPorts,
  clock: Clock,
  onStatus: (device: DeviceStatus) => void,
): SensesDevices {
  const options = { clock, onStatus };
  const all: DeviceHost<unknown>[] = [];
  const sensors: DeviceHost<Sensor>[] = [];
  const views = new Map<CameraRole, CameraView>();
  let finger: DeviceHost<Fingerprint> | undefined;
  for (const device of devices) {
    if (device.driver === "fingerprint.ef01") {
      finger = new DeviceHost(ef01Driver(device, { serial: ports.serial, clock }), options);
      all.push(finger as DeviceHost<unknown>);
    } else if (device.driver === "camera.libcamera") {
      const role = cameraRole(device.role);
      const host: DeviceHost<Camera> = new DeviceHost(
        libcameraDriver(device, { camera: ports.camera, clock }),
        options,
      );
      views.set(role, new CameraView(host, clock, STILL_LIMIT_MS + 1_000));
      all.push(host as DeviceHost<unknown>);
    } else if (device.driver === "sensor.bme280") {
      const host = new DeviceHost(bme280Driver(device, { i2c: ports.i2c, clock }), options);
      sensors.push(host);
      all.push(host as DeviceHost<unknown>);
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
