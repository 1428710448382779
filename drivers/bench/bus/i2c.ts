import type { BusConnection } from "./connection.ts";

/** A function that looks like `i2c-bus`'s openPromisified and reaches the bench's parts. */
export function i2cOpener(connection: BusConnection) {
  return async (bus: number) => {
    const fill = (bytes: number[] | undefined, buffer: Buffer) => {
      const got = Buffer.from(bytes ?? []);
      got.copy(buffer);
      return { bytesRead: got.length, buffer };
    };
    const block = async (address: number, register: number, length: number) =>
      (await connection.call({ op: "i2cBlock", bus, address, register, length })).bytes;
    const write = async (address: number, bytes: number[]) => {
      await connection.call({ op: "i2cWrite", bus, address, bytes });
    };
    return {
      async i2cRead(address: number, length: number, buffer: Buffer) {
        return fill((await connection.call({ op: "i2cRead", bus, address, length })).bytes, buffer);
      },
      async i2cWrite(address: number, length: number, buffer: Buffer) {
        await write(address, [...buffer.subarray(0, length)]);
        return { bytesWritten: length, buffer };
      },
      async readI2cBlock(address: number, register: number, length: number, buffer: Buffer) {
        return fill(await block(address, register, length), buffer);
      },
      async writeI2cBlock(address: number, register: number, length: number, buffer: Buffer) {
        await write(address, [register, ...buffer.subarray(0, length)]);
        return { bytesWritten: length, buffer };
      },
      async readByte(address: number, register: number): Promise<number> {
        return (await block(address, register, 1))?.[0] ?? 0;
      },
      writeByte: (address: number, register: number, value: number) => write(address, [register, value]),
      async receiveByte(address: number): Promise<number> {
        return (await connection.call({ op: "i2cRead", bus, address, length: 1 })).bytes?.[0] ?? 0;
      },
      sendByte: (address: number, value: number) => write(address, [value]),
      close: async () => undefined,
    };
  };
}
