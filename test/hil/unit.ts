import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import type { Plug } from "./guest.ts";

/** Serial adapters of the guest, each at a port of its own, as they are screwed down in a cabinet. */
const ADAPTERS = { "finger.front": 1, "lock.main": 2, "printer.receipt": 3 } as const;
export type Adapter = keyof typeof ADAPTERS;
/** The port at which a technician puts a stick, and where anybody else may try something. */
export const SERVICE_PORT = 4;

const idOf = (role: Adapter): string => role.replace(".", "-");
const serialOf = (role: Adapter): string => role.replace(".", "").toUpperCase();
const nodeOf = (role: Adapter): string =>
  `/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_${serialOf(role)}-if00-port0`;

export const adapter = (role: Adapter): Plug => ({
  id: idOf(role),
  port: ADAPTERS[role],
  driver: "usb-serial",
  settings: { chardev: `line-${idOf(role)}`, serial: serialOf(role) },
});
export const adapters = (): Plug[] => (Object.keys(ADAPTERS) as Adapter[]).map(adapter);

/** Host ends of the adapters' lines. */
export const hostEnds = (path: (role: string) => string): Record<string, string> =>
  Object.fromEntries((Object.keys(ADAPTERS) as Adapter[]).map((role) => [`line-${idOf(role)}`, path(role)]));

/** Offsets of the lock whose coil hangs on a GPIO line. */
export const WALL = { coil: 24, door: 25, item: 26, slot: "9" } as const;

/** Slots in use; with every one more the unit takes longer to start. */
const SLOTS = ["1", "2"];
const LIT = SLOTS.map((slot) => `light.slot${slot}`);

/** The unit of `make run`, on the devices of the guest's kernel. */
export function onKernelDevices(plan: UnitConfiguration, code: string): UnitConfiguration {
  const chip = "guichet-bench";
  const line = (offset: number) => ({ chip, offset });
  const moved = plan.devices.flatMap((device): DeviceConfiguration[] => {
    if (device.role in ADAPTERS && "port" in device)
      return [
        { ...device, port: { ...device.port, path: nodeOf(device.role as Adapter) } } as DeviceConfiguration,
      ];
    // A camera that the kernel has, fed by the bench.
    if (device.driver === "camera.libcamera") {
      const [, name = ""] = device.role.split(".");
      const size = name === "portrait" ? { width: 720, height: 900 } : { width: 1280, height: 720 };
      const path = `/dev/v4l/by-id/usb-Hil_${name}-video-index0`;
      return [{ role: device.role, driver: "camera.v4l2", path, still: size, preview: size }];
    }
    // Each line that is exported costs the emulated processor a second; two lights show what eight would.
    if (device.driver === "indicator.gpio" && !LIT.includes(device.role)) return [];
    // Its registers are words, which the kernel's stub of a bus does not have side by side.
    return device.driver === "sensor.ina226" ? [] : [device];
  });
  return {
    ...plan,
    code,
    devices: [
      ...moved,
      {
        role: "lock.wall",
        driver: "lock.gpio",
        compartments: [{ coil: line(WALL.coil), door: line(WALL.door), item: line(WALL.item) }],
        coilActiveLow: false,
        doorOpenLevel: 1,
        itemPresentLevel: 1,
        debounceMs: 20,
        pulseMs: 2_000,
        guardian: true,
      },
    ],
    slots: [
      ...plan.slots.filter(({ slot }) => SLOTS.includes(slot)),
      { slot: WALL.slot, lock: "lock.wall", compartment: 0 },
    ],
    interlocks: plan.interlocks.filter((role) => role !== "power.supply"),
    clockBattery: true,
    // An emulated processor is slow; people wait for it.
    screen: { ...plan.screen, idleS: 600 },
  };
}
