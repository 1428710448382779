import { deviceFault } from "../contract/index.ts";
import { isFault, Mutex } from "../kit/index.ts";
import type { I2cConnection, I2cFactory } from "./types.ts";

/** The part of `i2c-bus` that is used; the bench gives a look-alike. */
export interface I2cBusObject {
  i2cRead(address: number, length: number, buffer: Buffer): Promise<{ bytesRead: number; buffer: Buffer }>;
  i2cWrite(address: number, length: number, buffer: Buffer): Promise<unknown>;
  readI2cBlock(
    address: number,
    register: number,
    length: number,
    buffer: Buffer,
  ): Promise<{ bytesRead: number; buffer: Buffer }>;
  writeByte(address: number, register: number, value: number): Promise<void>;
  close(): Promise<void>;
}
export type OpenI2cBus = (busNumber: number) => Promise<I2cBusObject>;

interface Shared {
  /** The object of the next transfer; undefined until one is needed. */
  bus: Promise<I2cBusObject> | undefined;
  open(): Promise<I2cBusObject>;
  mutex: Mutex;
  users: number;
}

/**
 * I²C buses over `i2c-bus`: one object and one queue for each bus of the process. The package opens its device file at the
 * first transfer and mixes up concurrent first ones, so transfers are strictly one after the other, and a bus on which a
 * transfer failed is opened anew for the next.
 */
export function i2cPorts(options: { openPromisified?: OpenI2cBus } = {}): I2cFactory {
  const buses = new Map<number, Shared>();
  const openBus = async (busNumber: number): Promise<I2cBusObject> => {
    if (options.openPromisified) return options.openPromisified(busNumber);
    const { default: i2c } = await import("i2c-bus");
    return i2c.openPromisified(busNumber) as unknown as Promise<I2cBusObject>;
  };
  return async (busNumber) => {
    let shared = buses.get(busNumber);
    if (!shared) {
      shared = { bus: undefined, open: () => openBus(busNumber), mutex: new Mutex(), users: 0 };
      buses.set(busNumber, shared);
    }
    const own = shared;
    own.users++;
    return connection(own, async () => {
      // Somebody may have come while the last one was leaving.
      if (own.users > 0) return;
      buses.delete(busNumber);
      await discard(own);
    });
  };
}

async function discard(shared: Shared): Promise<void> {
  const bus = shared.bus;
  shared.bus = undefined;
  await bus?.then((opened) => opened.close()).catch(() => undefined);
}

type Transfers = Omit<I2cConnection, "exclusively" | "close">;

function connection(shared: Shared, drop: () => Promise<void>): I2cConnection {
  const attempt = async <T>(job: (bus: I2cBusObject) => Promise<T>): Promise<T> => {
    try {
      shared.bus ??= shared.open();
      return await job(await shared.bus);
    } catch (error) {
      // After a failed transfer the package may keep a descriptor that has no address, and use it for the next.
      await discard(shared);
      if (isFault(error)) throw error;
      const code = (error as { code?: string }).code ?? "unknown";
      throw deviceFault(code === "ENOENT" ? "absent" : "noReply", { errno: code }, error);
    }
  };
  const direct: Transfers = {
    readBlock: (address, register, length) =>
      attempt(async (bus) => {
        const { bytesRead, buffer } = await bus.readI2cBlock(address, register, length, Buffer.alloc(length));
        if (bytesRead !== length) throw deviceFault("protocol", { expected: length, found: bytesRead });
        return buffer;
      }),
    writeByte: (address, register, value) => attempt((bus) => bus.writeByte(address, register, value)),
    read: (address, length) =>
      attempt(async (bus) => {
        const { bytesRead, buffer } = await bus.i2cRead(address, length, Buffer.alloc(length));
        if (bytesRead !== length) throw deviceFault("protocol", { expected: length, found: bytesRead });
        return buffer;
      }),
    write: (address, bytes) =>
      attempt(async (bus) => {
        await bus.i2cWrite(address, bytes.length, Buffer.from(bytes));
      }),
  };
  let open = true;
  const queued = <T>(job: () => Promise<T>): Promise<T> => {
    if (!open) return Promise.reject(deviceFault("absent"));
    return shared.mutex.run(job);
  };
  return {
    readBlock: (...args) => queued(() => direct.readBlock(...args)),
    writeByte: (...args) => queued(() => direct.writeByte(...args)),
    read: (...args) => queued(() => direct.read(...args)),
    write: (...args) => queued(() => direct.write(...args)),
    exclusively: (job) => queued(() => job(direct)),
    close: async () => {
      if (!open) return;
      open = false;
      shared.users--;
      if (shared.users === 0) await shared.mutex.run(drop);
    },
  };
}
