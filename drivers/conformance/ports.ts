import { type BusFault, faultyBus } from "../bench/faults/index.ts";
import type { Plant, WireLine } from "../bench/index.ts";
import { deviceFault } from "../contract/index.ts";
import type { Clock } from "../kit/index.ts";
import {
  type GpioFactory,
  type GpioLine,
  type I2cBusObject,
  i2cPorts,
  type Ports,
  type SerialConnection,
  type SerialFactory,
} from "../ports/index.ts";
import type { I2cPart } from "./entry.ts";

/** The ports of one device in memory: no pseudo-terminal, no socket, so that virtual time can drive them. */
export interface MemoryPorts {
  ports: Ports;
  /** The simulator's end of the serial line. */
  line: WireLine;
  parts: Map<number, I2cPart>;
  bus: BusFault;
  /** Ends every open connection and keeps the cable out until `plug`. */
  pull(): void;
  plug(): void;
}

export function memoryPorts(plant: Plant, clock: Clock, cameraPath: string): MemoryPorts {
  const open = new Set<() => void>();
  let plugged = true;
  let toSimulator: (chunk: Uint8Array) => void = () => undefined;
  let toDriver: (chunk: Uint8Array) => void = () => undefined;

  const serial: SerialFactory = async () => {
    if (!plugged) throw deviceFault("absent", { reason: "notThere" });
    let mine = true;
    let tell: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      tell = resolve;
    });
    let listener: (chunk: Uint8Array) => void = () => undefined;
    const end = () => {
      if (!mine) return;
      mine = false;
      open.delete(end);
      tell();
    };
    open.add(end);
    toDriver = (chunk) => mine && listener(chunk);
    const connection: SerialConnection = {
      write: async (bytes) => {
        if (!mine) throw deviceFault("absent");
        toSimulator(Uint8Array.from(bytes));
        // A cable that is pulled while the bytes leave is found out by the write.
        if (!mine) throw deviceFault("absent");
      },
      onData: (next) => {
        listener = next;
      },
      setBaudRate: async () => undefined,
      closed,
      close: async () => end(),
    };
    return connection;
  };
  const line: WireLine = {
    onBytes: (listener) => {
      toSimulator = listener;
    },
    send: (bytes) => queueMicrotask(() => plugged && toDriver(Uint8Array.from(bytes))),
  };

  const parts = new Map<number, I2cPart>();
  const partAt = (address: number): I2cPart => {
    const part = plugged ? parts.get(address) : undefined;
    if (!part) throw Object.assign(new Error("nobody acknowledges"), { code: "EREMOTEIO" });
    return part;
  };
  const bus = faultyBus(partAt);

  return {
    ports: {
      serial,
      i2c: i2cPorts({ openPromisified: async () => bus.object as unknown as I2cBusObject }),
      gpio: plantGpio(plant, clock),
      camera: { path: [cameraPath] },
    },
    line,
    parts,
    bus,
    pull: () => {
      plugged = false;
      for (const end of [...open]) end();
    },
    plug: () => {
      plugged = true;
    },
  };
}

/** GPIO lines that are the plant's own. */
function plantGpio(plant: Plant, clock: Clock): GpioFactory {
  const seen = (level: 0 | 1, activeLow: boolean) => (activeLow ? 1 - level : level) as 0 | 1;
  return {
    input: async (line: GpioLine, { activeLow, debounceMs }) => {
      const read = () => seen(plant.level(line.chip, line.offset), activeLow);
      let listener: ((level: 0 | 1) => void) | undefined;
      let last = read();
      let settling: AbortController | undefined;
      const stop = plant.onChange(() => {
        if (read() === last) return;
        last = read();
        settling?.abort();
        const own = new AbortController();
        settling = own;
        void clock.sleep(debounceMs, own.signal).then(() => !own.signal.aborted && listener?.(read()));
      });
      return {
        read: async () => read(),
        onEdge: (next) => {
          listener = next;
        },
        close: async () => {
          settling?.abort();
          stop();
        },
      };
    },
    output: async (line, { activeLow, initial }) => {
      const write = async (level: 0 | 1) => plant.drive(line.chip, line.offset, seen(level, activeLow));
      await write(initial);
      return { write, close: () => write(initial) };
    },
  };
}
