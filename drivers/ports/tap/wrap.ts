import { isFault } from "../../kit/index.ts";
import type { GpioFactory, GpioLine, I2cConnection, I2cFactory, SerialFactory } from "../types.ts";
import type { TappedLine } from "./line.ts";

/** Finds what is recorded of a line; undefined for one that no configured device hangs on. */
type Find = (name: string) => TappedLine | undefined;

export const serialName = (path: string): string => `serial ${path}`;
export const i2cName = (bus: number, address: number): string => `i2c ${bus}:0x${address.toString(16)}`;
export const gpioName = ({ chip, offset }: GpioLine): string => `gpio ${chip}:${offset}`;

/** Why something could not be done: a word of the fault's own, never a system's text. */
function reasonOf(error: unknown): string {
  if (!isFault(error)) return "unknown";
  const { reason, errno, found, expected } = error.fields;
  if (found !== undefined && expected !== undefined) return `short ${String(found)}`;
  return String(reason ?? errno ?? error.code);
}

export const tappedSerial =
  (inner: SerialFactory, find: Find): SerialFactory =>
  async (settings) => {
    const line = find(serialName(settings.path));
    if (!line) return inner(settings);
    const connection = await inner(settings).catch((error: unknown) => {
      line.event(`failed ${reasonOf(error)}`);
      throw error;
    });
    line.event(`opened ${settings.baudRate}`);
    let ended = false;
    const end = (how: string) => {
      if (!ended) line.event(how);
      ended = true;
    };
    void connection.closed.then(() => end("lost"));
    return {
      closed: connection.closed,
      write: (bytes) => {
        line.see("host", bytes);
        return connection.write(bytes);
      },
      onData: (listener) =>
        connection.onData((chunk) => {
          line.see("device", chunk);
          listener(chunk);
        }),
      setBaudRate: (rate) => {
        line.event(`baud ${rate}`);
        return connection.setBaudRate(rate);
      },
      close: () => {
        end("closed");
        return connection.close();
      },
    };
  };

type Transfers = Omit<I2cConnection, "exclusively" | "close">;

export const tappedI2c =
  (inner: I2cFactory, find: Find): I2cFactory =>
  async (bus) => {
    const connection = await inner(bus);
    /** A bus has no opening of one part's own: its first transfer is one. */
    const met = new Set<number>();
    const lineOf = (address: number): TappedLine | undefined => {
      const line = find(i2cName(bus, address));
      if (line && !met.has(address)) line.event("opened");
      met.add(address);
      return line;
    };
    const run = async <T>(
      address: number,
      out: Uint8Array | undefined,
      job: Promise<T>,
      into: (value: T) => Uint8Array | undefined,
    ): Promise<T> => {
      const line = lineOf(address);
      try {
        const value = await job;
        // Told when it is over: two that ask one part are then never mixed up.
        if (out) line?.see("host", out);
        const back = into(value);
        if (back) line?.see("device", back);
        return value;
      } catch (error) {
        if (out) line?.see("host", out);
        line?.event(`failed ${reasonOf(error)}`);
        throw error;
      }
    };
    const none = () => undefined;
    const over = (transfers: Transfers): Transfers => ({
      readBlock: (address, register, length) =>
        run(address, Uint8Array.of(register), transfers.readBlock(address, register, length), (read) => read),
      writeByte: (address, register, value) =>
        run(address, Uint8Array.of(register, value), transfers.writeByte(address, register, value), none),
      read: (address, length) => run(address, undefined, transfers.read(address, length), (read) => read),
      write: (address, bytes) => run(address, bytes, transfers.write(address, bytes), none),
    });
    return {
      ...over(connection),
      exclusively: (job) => connection.exclusively((transfers) => job(over(transfers))),
      close: () => connection.close(),
    };
  };

const LEVELS = [Uint8Array.of(0), Uint8Array.of(1)] as const;

/** Of a contact only its changes are kept: it is read again and again. */
export const tappedGpio = (inner: GpioFactory, find: Find): GpioFactory => ({
  input: async (at, options) => {
    const line = find(gpioName(at));
    const opening = inner.input(at, options);
    if (!line) return opening;
    const failed = (error: unknown) => {
      line.event(`failed ${reasonOf(error)}`);
      throw error;
    };
    const input = await opening.catch(failed);
    line.event("opened");
    let last: 0 | 1 | undefined;
    const seen = (level: 0 | 1): 0 | 1 => {
      if (level !== last) line.see("device", LEVELS[level]);
      last = level;
      return level;
    };
    return {
      read: () => input.read().then(seen, failed),
      onEdge: (listener) => input.onEdge((level) => listener(seen(level))),
      close: () => {
        line.event("closed");
        return input.close();
      },
    };
  },
  output: async (at, options) => {
    const line = find(gpioName(at));
    const opening = inner.output(at, options);
    if (!line) return opening;
    const output = await opening.catch((error: unknown) => {
      line.event(`failed ${reasonOf(error)}`);
      throw error;
    });
    line.event("opened");
    return {
      write: (level) => {
        line.see("host", LEVELS[level]);
        return output.write(level);
      },
      close: () => {
        line.event("closed");
        return output.close();
      },
    };
  },
});
