/** What a device on the USB bus says of itself, as far as it decides whether it is let in. */
export interface UsbDevice {
  vendor: string;
  product: string;
  deviceClass: number;
  configurations: number;
  /** Every interface of every configuration, alternates too. */
  interfaces: { class: number; subclass: number; protocol: number }[];
}

const [DEVICE, CONFIGURATION, INTERFACE] = [1, 2, 4];
const hex = (value: number): string => value.toString(16).padStart(4, "0");

/**
 * Reads the kernel's `descriptors` of a device (USB 2.0, 9.6), which are there although it is not authorised.
 * @returns undefined when they are not whole or do not fit each other
 */
export function parseDescriptors(bytes: Buffer): UsbDevice | undefined {
  if (bytes.length < 18 || bytes[0] !== 18 || bytes[1] !== DEVICE) return undefined;
  const device: UsbDevice = {
    vendor: hex(bytes.readUInt16LE(8)),
    product: hex(bytes.readUInt16LE(10)),
    deviceClass: bytes.readUInt8(4),
    configurations: bytes.readUInt8(17),
    interfaces: [],
  };
  let configurations = 0;
  let end = 18;
  for (let at = 18; at < bytes.length; ) {
    const length = bytes.readUInt8(at);
    if (length < 2 || at + length > bytes.length) return undefined;
    const type = bytes.readUInt8(at + 1);
    if (type === CONFIGURATION) {
      if (at !== end || length < 9) return undefined;
      configurations++;
      end = at + bytes.readUInt16LE(at + 2);
    }
    if (type === INTERFACE) {
      if (length < 9) return undefined;
      const [class_ = 0, subclass = 0, protocol = 0] = bytes.subarray(at + 5, at + 8);
      device.interfaces.push({ class: class_, subclass, protocol });
    }
    at += length;
    if (at > end) return undefined;
  }
  return end === bytes.length && configurations === device.configurations ? device : undefined;
}
