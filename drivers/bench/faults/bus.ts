/** What an I2C bus can do to one transfer. */
export type TransferFault =
  /** Nobody acknowledges. */
  | "noAcknowledge"
  /** The read ends early. */
  | "shortRead"
  /** The part has let go of the data line, or was pulled: the pull-up is read. */
  | "allOnes"
  /** The data line is held down. */
  | "allZeros";

interface Part {
  write(bytes: Uint8Array): void;
  read(length: number): Uint8Array;
}

/** A look-alike of the object of the package `i2c-bus` on which one fault can be armed. */
export interface BusFault {
  object: ReturnType<typeof busObject>;
  /** @param from the first transfer that it meets, from 0; @param times how many, Infinity until it is disarmed */
  arm(fault: TransferFault | { happens: () => void }, from: number, times: number): void;
  /** Answers how many transfers it met. */
  disarm(): number;
  /** Transfers since the last arming, reads marked. */
  readonly transfers: ("read" | "write")[];
  listen(): void;
}

export function faultyBus(partAt: (address: number) => Part): BusFault {
  const transfers: ("read" | "write")[] = [];
  let armed: { fault: TransferFault | { happens: () => void }; from: number; times: number } | undefined;
  let met = 0;
  /** The fault of the transfer that begins now, if one. */
  const meet = (kind: "read" | "write"): TransferFault | undefined => {
    const index = transfers.push(kind) - 1;
    if (!armed || index < armed.from || index >= armed.from + armed.times) return undefined;
    met++;
    if (typeof armed.fault === "string") return armed.fault;
    armed.fault.happens();
    return undefined;
  };
  return {
    object: busObject(partAt, meet),
    arm: (fault, from, times) => {
      transfers.length = 0;
      met = 0;
      armed = { fault, from, times };
    },
    disarm: () => {
      armed = undefined;
      return met;
    },
    listen: () => {
      transfers.length = 0;
      met = 0;
    },
    transfers,
  };
}

const noAcknowledge = () => Object.assign(new Error("nobody acknowledges"), { code: "EREMOTEIO" });

function busObject(
  partAt: (address: number) => Part,
  meet: (kind: "read" | "write") => TransferFault | undefined,
) {
  const read = (address: number, length: number, buffer: Buffer, register?: number) => {
    const fault = meet("read");
    if (fault === "noAcknowledge") throw noAcknowledge();
    const part = partAt(address);
    if (register !== undefined) part.write(Uint8Array.of(register));
    const bytes = Buffer.from(part.read(length));
    if (fault === "allOnes") bytes.fill(0xff);
    if (fault === "allZeros") bytes.fill(0);
    const bytesRead = fault === "shortRead" ? Math.max(0, length - 1) : length;
    bytes.copy(buffer, 0, 0, bytesRead);
    return { bytesRead, buffer };
  };
  const write = (address: number, bytes: Uint8Array): void => {
    if (meet("write") === "noAcknowledge") throw noAcknowledge();
    partAt(address).write(bytes);
  };
  return {
    i2cRead: async (address: number, length: number, buffer: Buffer) => read(address, length, buffer),
    i2cWrite: async (address: number, length: number, buffer: Buffer) => {
      write(address, Uint8Array.from(buffer.subarray(0, length)));
      return { bytesWritten: length, buffer };
    },
    readI2cBlock: async (address: number, register: number, length: number, buffer: Buffer) =>
      read(address, length, buffer, register),
    writeI2cBlock: async (address: number, register: number, length: number, buffer: Buffer) => {
      write(address, Uint8Array.of(register, ...buffer.subarray(0, length)));
      return { bytesWritten: length, buffer };
    },
    readByte: async (address: number, register: number) =>
      read(address, 1, Buffer.alloc(1), register).buffer[0] ?? 0,
    writeByte: async (address: number, register: number, value: number) =>
      write(address, Uint8Array.of(register, value)),
    receiveByte: async (address: number) => read(address, 1, Buffer.alloc(1)).buffer[0] ?? 0,
    sendByte: async (address: number, value: number) => write(address, Uint8Array.of(value)),
    close: async () => undefined,
  };
}
