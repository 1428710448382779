import { deviceFault } from "../../contract/index.ts";
import { defineEvents, isFault } from "../../kit/index.ts";
import { ACK, OP, u32 } from "./frame.ts";
import type { Ef01Link } from "./link.ts";
import type { Ef01Module } from "./module.ts";

/**
 * Changes of what a module keeps without power. Each is read back, and a change that did not come about is undone: a module
 * that is left at an unknown rate, password or address is lost to everybody. All resolve to whether the new value holds.
 */

const log = defineEvents("ef01settings", {
  kept: {
    level: "warn",
    what: "A fingerprint module did not take a new setting and was put back to the one before",
    fields: ["setting", "wanted", "kept"],
  },
});

/** @param size payload of a data packet: 32, 64, 128 or 256 bytes */
export async function changePacketSize(module: Ef01Module, from: number, size: number): Promise<boolean> {
  const code = (bytes: number) => Math.log2(bytes / 32);
  if (![32, 64, 128, 256].includes(size)) throw deviceFault("invalidParameter", { packetSize: size });
  if ((await module.setParameter(6, code(size))) !== ACK.ok) return false;
  if ((await module.parameters())?.packetSize === size) return true;
  await undo("packetSize", size, from, module.setParameter(6, code(from)));
  await module.parameters();
  return false;
}

/** @param level 1 (fewest false matches) to 5 (fewest refusals) */
export async function changeSecurity(module: Ef01Module, from: number, level: number): Promise<boolean> {
  if (!Number.isInteger(level) || level < 1 || level > 5)
    throw deviceFault("invalidParameter", { security: level });
  if ((await module.setParameter(5, level)) !== ACK.ok) return false;
  if ((await module.parameters())?.security === level) return true;
  await undo("security", level, from, module.setParameter(5, from));
  return false;
}

/**
 * Moves module and line from one rate to another. The answer still comes at the old rate; some modules change only when
 * they are powered anew, which counts as not changed.
 * @param rate 9600 to 115200, a multiple of 9600
 */
export async function changeRate(
  module: Ef01Module,
  link: Ef01Link,
  from: number,
  rate: number,
): Promise<boolean> {
  if (rate % 9_600 !== 0 || rate < 9_600 || rate > 115_200)
    throw deviceFault("invalidParameter", { baudRate: rate });
  if ((await module.setParameter(4, rate / 9_600)) !== ACK.ok) return false;
  await link.setBaudRate(rate);
  if ((await answers(module)) && (await module.parameters())?.baudRate === rate) return true;
  // Wherever it answers now, its flash has to say the old rate again.
  if (!(await answers(module))) {
    await link.setBaudRate(from);
    if (!(await answers(module))) throw deviceFault("noReply", { setting: "baudRate" });
  }
  await undo("baudRate", rate, from, module.setParameter(4, from / 9_600));
  await link.setBaudRate(from);
  await module.verifyPassword();
  return false;
}

/** Passwords are 32 bit; one that is lost cannot be recovered (R503 manual §5.2), so the new one is tried at once. */
export async function changePassword(
  module: Ef01Module,
  link: Ef01Link,
  from: number,
  password: number,
): Promise<boolean> {
  const set = (value: number) => link.command([OP.setPassword, ...u32(value)]);
  if ((await set(password)).code !== ACK.ok) return false;
  const shown = await module.verifyPassword(password).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, "device.misbound")) return false;
      throw error;
    },
  );
  if (shown) return true;
  await module.verifyPassword(from);
  return false;
}

/** Gives the module another address; where it then does not answer to it, the old one is used on. */
export async function changeAddress(
  module: Ef01Module,
  link: Ef01Link,
  address: number,
  password = 0,
): Promise<boolean> {
  const from = link.address;
  if ((await link.readdress([OP.setAddress, ...u32(address)], address)) !== ACK.ok) return false;
  if (await answers(module, password)) return true;
  link.speakTo(from);
  await module.verifyPassword(password);
  log("kept", { setting: "address" });
  return false;
}

async function undo(setting: string, wanted: number, kept: number, writing: Promise<number>): Promise<void> {
  const code = await writing;
  if (code !== ACK.ok) throw deviceFault("fault", { setting, vendorCode: code });
  log("kept", { setting, wanted, kept });
}

const answers = (module: Ef01Module, password = 0): Promise<boolean> =>
  module.verifyPassword(password).then(
    () => true,
    (error: unknown) => {
      if (isFault(error, "device.noReply") || isFault(error, "device.protocol")) return false;
      throw error;
    },
  );
