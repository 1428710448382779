import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BusFault, FaultyLine, faultyBus } from "../bench/faults/index.ts";
import { makePeople, Plant, type WireLine } from "../bench/index.ts";
import { type Clock, systemClock } from "../kit/index.ts";
import type { Ports, SerialFactory } from "../ports/index.ts";
import { memoryPorts } from "./ports.ts";
import type { AnyEntry } from "./rig.ts";
import { VirtualClock } from "./time.ts";

/** What a driver under test hangs on, with faults in between. */
export interface Wiring {
  clock: Clock;
  ports: Ports;
  line: FaultyLine;
  bus: BusFault;
  /** Undefined on real hardware. */
  sim: unknown;
  unplug(): void;
  replug(): void;
  stop(): Promise<void>;
}

/** A device of flesh and blood. */
export interface RealDevice {
  ports: Ports;
  /** Asks a person to arrange what the words say; resolves when it is done. */
  ask(words: string): Promise<void>;
  /** Whether it may be moved: somebody stands beside it and wants that. */
  moves: boolean;
}

/** A plant with this one device and its simulator, in memory. */
export async function benchWiring(entry: AnyEntry, seed: number): Promise<Wiring> {
  const clock: Clock = entry.realTime ? systemClock : new VirtualClock();
  const folder = mkdtempSync(join(tmpdir(), "guichet-conformance-"));
  const { configuration } = entry;
  const { role } = configuration;
  const wired = configuration.compartments ?? 0;
  const compartments = Array.isArray(wired) ? wired.length : Number(wired);
  const plant = new Plant({
    config: {
      devices: [configuration],
      slots: Array.from({ length: compartments }, (_, compartment) => ({
        slot: `S${compartment}`,
        lock: role,
        compartment,
      })),
    },
    people: peopleOf(seed),
    draw: async (scene, width, height, frame) => drawn({ scene, width, height, frame }),
    now: () => clock.wall(),
  });
  const cameraPath = join(folder, "bin");
  const memory = memoryPorts(plant, clock, cameraPath);
  const line = new FaultyLine(memory.line, clock);
  const i2c: Parameters<AnyEntry["start"]>[0]["i2c"] = (address, part) => memory.parts.set(address, part);
  const sim = await entry.start({ clock, plant, line, i2c, cameraPath });
  return {
    clock,
    ports: memory.ports,
    line,
    bus: memory.bus,
    sim,
    unplug() {
      plant.unplug(role);
      memory.pull();
    },
    replug() {
      memory.plug();
      plant.replug(role);
    },
    async stop() {
      await entry.stop?.(sim);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The real ports; what a serial device sends passes the faults on its way to the driver. */
export function realWiring({ ports }: RealDevice): Wiring {
  let toDevice: (chunk: Uint8Array) => void = () => undefined;
  let toDriver: (chunk: Uint8Array) => void = () => undefined;
  const between: WireLine = {
    onBytes: (listener) => {
      toDevice = listener;
    },
    send: (bytes) => toDriver(bytes),
  };
  const line = new FaultyLine(between, systemClock);
  let written: Promise<void> = Promise.resolve();
  let write: (bytes: Uint8Array) => Promise<void> = async () => undefined;
  line.onBytes((chunk) => {
    written = write(chunk);
  });
  const serial: SerialFactory = async (settings) => {
    const real = await ports.serial(settings);
    write = (bytes) => real.write(bytes);
    real.onData((chunk) => line.send(chunk));
    return {
      ...real,
      write: (bytes) => {
        written = Promise.resolve();
        toDevice(bytes);
        return written;
      },
      onData: (listener) => {
        toDriver = listener;
      },
    };
  };
  const bus = faultyBus(() => {
    throw new TypeError("there is no simulated bus on real hardware");
  });
  return {
    clock: systemClock,
    ports: { ...ports, serial },
    line,
    bus,
    sim: undefined,
    unplug: () => undefined,
    replug: () => undefined,
    stop: async () => undefined,
  };
}

const people = new Map<number, ReturnType<typeof makePeople>>();
/** Nobody changes them, so that every rig of a seed has the same ones. */
function peopleOf(seed: number): ReturnType<typeof makePeople> {
  const known = people.get(seed) ?? makePeople(seed);
  people.set(seed, known);
  return known;
}

/** A picture of a camera on this bench: its bytes differ from frame to frame, as those of a real sensor do. */
function drawn(what: { width: number; height: number } & Record<string, unknown>): Uint8Array {
  const text = Buffer.from(JSON.stringify(what));
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(text.length + 2, 4);
  // A frame header of one component, for who looks at the size.
  const frame = Buffer.from([0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(what.height, 5);
  frame.writeUInt16BE(what.width, 7);
  return Buffer.concat([head, text, frame, Buffer.from([0xff, 0xd9])]);
}
