import { deviceFault } from "../contract/index.ts";
import { type Clock, isFault, Mutex, systemClock, within } from "../kit/index.ts";
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

/** Longest that one transfer may take: the kernel's own patience with an adapter is 1 s by default, ms. */
const TRANSFER_MS = 2_500;
/**
 * System errors that are of the bus and not of one part: nobody could begin (`EBUSY`), another master won (`EAGAIN`), the
 * transfer did not end (`ETIMEDOUT`). A part that does not acknowledge is `EREMOTEIO` or `ENXIO`.
 */
const OF_THE_BUS = new Set(["ETIMEDOUT", "EBUSY", "EAGAIN"]);

interface Shared {
  /** The object of the next transfer; undefined until one is needed. */
  bus: Promise<I2cBusObject> | undefined;
  open(): Promise<I2cBusObject>;
  mutex: Mutex;
  users: number;
  clock: Clock;
}

/**
 * I²C buses over `i2c-bus`: one object and one queue for each bus of the process. The package opens its device file at the
 * first transfer and mixes up concurrent first ones, so transfers are strictly one after the other, and a bus on which a
 * transfer failed is opened anew for the next.
 *
 * A part that lost its place holds the data line down until it has been given the rest of its clock pulses. Opening the
 * device file anew gives none: it only makes sure that nothing of the failed transfer is left in this process. The pulses
 * are the kernel's affair. Adapter drivers that know their pins (`scl-gpios` in the device tree: DesignWare on a Raspberry
 * Pi 5, i.MX, OMAP) clock up to nine of them when they find the line held; `i2c-bcm2835` of the older ones clears its own
 * state and no more, so that a part which holds the line there needs its power cut. Until it lets go every device on the
 * bus answers `device.noReply` with `bus: "held"`, and its host looks for it again, ever less often.
 */
export function i2cPorts(options: { openPromisified?: OpenI2cBus; clock?: Clock } = {}): I2cFactory {
  const buses = new Map<number, Shared>();
  const openBus = async (busNumber: number): Promise<I2cBusObject> => {
    if (options.openPromisified) return options.openPromisified(busNumber);
    const { default: i2c } = await import("i2c-bus");
    return i2c.openPromisified(busNumber) as unknown as Promise<I2cBusObject>;
  };
  return async (busNumber) => {
    let shared = buses.get(busNumber);
    if (!shared) {
      shared = {
        bus: undefined,
        open: () => openBus(busNumber),
        mutex: new Mutex(),
        users: 0,
        clock: options.clock ?? systemClock,
      };
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
      const transfer = shared.bus.then(job);
      return await within(shared.clock, TRANSFER_MS, transfer, () =>
        deviceFault("noReply", { errno: "none", bus: "held" }),
      );
    } catch (error) {
      // After a failed transfer the package may keep a descriptor that has no address, and use it for the next. One that
      // still runs keeps its descriptor until it ends, which nobody waits for.
      void discard(shared);
      if (isFault(error)) throw error;
      const code = (error as { code?: string }).code ?? "unknown";
      if (code === "ENOENT") throw deviceFault("absent", { errno: code }, error);
      throw deviceFault("noReply", { errno: code, ...(OF_THE_BUS.has(code) ? { bus: "held" } : {}) }, error);
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
