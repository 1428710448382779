/** Ports: what a driver may touch. Factories of single-use connections; a closed one is never reopened. */

export interface SerialSettings {
  /** A stable name such as /dev/serial/by-id/…; never an enumeration order. */
  path: string;
  baudRate: number;
}

export interface SerialConnection {
  /** Resolves when the bytes have been handed to the line. Rejects when the connection is gone: nothing is kept for later. */
  write(bytes: Uint8Array): Promise<void>;
  /** At most one listener; bytes that arrive before it is set are dropped. */
  onData(listener: (chunk: Uint8Array) => void): void;
  setBaudRate(baudRate: number): Promise<void>;
  /** Resolves once, when the port is closed by anyone or lost. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export type SerialFactory = (settings: SerialSettings) => Promise<SerialConnection>;

export interface I2cConnection {
  /** SMBus I2C block read: register pointer, repeated start, up to 32 bytes. */
  readBlock(address: number, register: number, length: number): Promise<Uint8Array>;
  writeByte(address: number, register: number, value: number): Promise<void>;
  /** Plain transfers for parts without registers. */
  read(address: number, length: number): Promise<Uint8Array>;
  write(address: number, bytes: Uint8Array): Promise<void>;
  /** Holds the bus for a sequence; all other callers wait. */
  exclusively<T>(job: (bus: Omit<I2cConnection, "exclusively" | "close">) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type I2cFactory = (busNumber: number) => Promise<I2cConnection>;

/** A GPIO line by chip label and offset, e.g. { chip: "pinctrl-bcm2711", offset: 17 }; kernel numbers move, these do not. */
export interface GpioLine {
  chip: string;
  offset: number;
}

export interface GpioInput {
  /** The settled level. Rejects with `device.fault` while the contact does not come to rest. */
  read(): Promise<0 | 1>;
  /** Debounced levels after each change. */
  onEdge(listener: (level: 0 | 1) => void): void;
  close(): Promise<void>;
}

export interface GpioOutput {
  write(level: 0 | 1): Promise<void>;
  /** Drives the line to its initial level and releases it. */
  close(): Promise<void>;
}

export interface GpioFactory {
  input(line: GpioLine, options: { activeLow: boolean; debounceMs: number }): Promise<GpioInput>;
  output(line: GpioLine, options: { activeLow: boolean; initial: 0 | 1 }): Promise<GpioOutput>;
}

/** How the camera programs are found and started. */
export interface CameraCommands {
  /** Directories that are searched for `rpicam-*` and `libcamera-*`, in order. */
  path: string[];
}

/** Everything that a process of a unit may be given to reach hardware. */
export interface Ports {
  serial: SerialFactory;
  i2c: I2cFactory;
  gpio: GpioFactory;
  camera: CameraCommands;
  /** Entry file of the guardian of GPIO locks; the one that is shipped beside their driver if left out. */
  guardian?: string;
}
