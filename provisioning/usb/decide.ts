import { type Board, servicePorts } from "../board.ts";
import type { UsbDevice } from "./descriptors.ts";

/** Why a device is not let in; `door` may change. */
export type UsbRefusal = "door" | "malformed" | "input" | "composite" | "notStorage" | "place" | "other";
export type UsbDecision = { admit: true } | { admit: false; why: UsbRefusal };

const HUMAN_INPUT = 0x03;
const STORAGE = 0x08;
const SCSI = 0x06;
/** Bulk only, and UAS. */
const TRANSPORTS: readonly number[] = [0x50, 0x62];

/**
 * Whether a device at a place of the bus is let in: what is built in, at its own place and by its own numbers; at the
 * service port storage and nothing beside it, while the service door is open; nothing else anywhere. What a device says of
 * itself can be a lie: it decides only which of the kernel's drivers may meet it, and what it holds is judged by signature.
 * @param device undefined when its descriptors are not whole
 */
export function decideUsb(
  usb: Board["usb"],
  port: string,
  device: UsbDevice | undefined,
  doorOpen: boolean,
): UsbDecision {
  const refuse = (why: UsbRefusal): UsbDecision => ({ admit: false, why });
  if (!device) return refuse("malformed");
  const built = usb?.internal.find((one) => one.port === port);
  if (built) {
    const same = built.vendor === device.vendor && built.product === device.product;
    return same ? { admit: true } : refuse("other");
  }
  if (!servicePorts(usb).includes(port)) return refuse("place");
  if (device.interfaces.some((one) => one.class === HUMAN_INPUT)) return refuse("input");
  const storage = device.interfaces.filter(
    (one) => one.class === STORAGE && one.subclass === SCSI && TRANSPORTS.includes(one.protocol),
  );
  if (storage.length === 0) return refuse("notStorage");
  const only = device.interfaces.length === storage.length && device.configurations === 1;
  if (!only || (device.deviceClass !== 0 && device.deviceClass !== STORAGE)) return refuse("composite");
  return doorOpen ? { admit: true } : refuse("door");
}
