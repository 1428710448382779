import { posix } from "node:path";
import type { DeviceConfiguration } from "../drivers/registry/index.ts";
import type { Board } from "./board.ts";

/** Something that a device hangs on, and where the configuration says so. */
interface Hold {
  what: string;
  at: string;
  /** Devices of one driver may hang on it together, each at a place of its own there. */
  sharedAs?: string;
}

/** Two places of a configuration, or of the board, that name one thing. */
export interface Clash {
  at: string;
  with: string;
}

/**
 * The first thing that two devices hang on, or a device and the board itself: a line, a port, an address on a bus. A coil that
 * two slots have opens both of them for one person, and the kernel does not always refuse a line that somebody else drives.
 */
export function sharedWire(
  devices: readonly DeviceConfiguration[],
  board: Pick<Board, "light" | "sounder"> = {},
): Clash | undefined {
  const held = new Map<string, Hold>();
  const holds = [
    ...linesOf(board, "board.json"),
    ...devices.flatMap((device, index) => holdsOf(device, `/devices/${index}`)),
  ];
  for (const hold of holds) {
    const before = held.get(hold.what);
    if (!before) held.set(hold.what, hold);
    else if (!hold.sharedAs || hold.sharedAs !== before.sharedAs) return { at: hold.at, with: before.at };
  }
  return undefined;
}

function holdsOf(device: DeviceConfiguration, at: string): Hold[] {
  const holds = linesOf(device, at);
  const { driver } = device;
  if ("port" in device) {
    const port = `port ${posix.normalize(device.port.path)}`;
    // Boards on one RS-485 line are told apart by their addresses; nothing else shares a port.
    const isBoard = driver === "lock.kerong";
    holds.push({ what: port, at: `${at}/port/path`, ...(isBoard ? { sharedAs: driver } : {}) });
    // Also of two boards on two ports: neither answers for the other when their plugs are exchanged.
    if (isBoard) holds.push({ what: `board ${device.board}`, at: `${at}/board` });
  }
  if ("bus" in device) {
    const place = `i2c ${device.bus} ${device.address}`;
    const isPin = driver === "auxiliary.mcp23017";
    holds.push({ what: place, at: `${at}/address`, ...(isPin ? { sharedAs: driver } : {}) });
    if (isPin) holds.push({ what: `${place} ${device.pin}`, at: `${at}/pin` });
  }
  if (driver === "camera.v4l2")
    holds.push({ what: `port ${posix.normalize(device.path)}`, at: `${at}/path` });
  if (driver === "camera.libcamera") holds.push({ what: `camera ${device.index}`, at: `${at}/index` });
  return holds;
}

/** Every GPIO line below a value, whatever it is for: those of a driver that comes later too. */
function linesOf(value: unknown, at: string): Hold[] {
  if (typeof value !== "object" || value === null) return [];
  if ("chip" in value && "offset" in value) return [{ what: `line ${value.chip} ${value.offset}`, at }];
  return Object.entries(value).flatMap(([key, own]) => linesOf(own, `${at}/${key}`));
}
