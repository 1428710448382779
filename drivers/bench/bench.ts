import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { sha256Hex } from "../kit/index.ts";
import { startBusServer } from "./bus/index.ts";
import { layCameraNodes, sceneDrawer, startCameraServer, writeCameraCommands } from "./camera/index.ts";
import { type BenchConfig, type BenchDeviceOf, devicesOf } from "./config.ts";
import { type DispenserSimulator, startDispenserSimulator } from "./dispenser/index.ts";
import { type FingerprintSimulator, startFingerprintSimulator } from "./fingerprint/index.ts";
import { PtyLine, type WireLine } from "./line.ts";
import { type LockBoards, startLockBoards } from "./lock/index.ts";
import { startPanel } from "./panel/index.ts";
import { makePeople, type Person, writeRegister } from "./people.ts";
import { Plant, type PlantSnapshot } from "./plant/index.ts";
import { startPrinterSimulator } from "./printer/index.ts";
import type { Simulator } from "./world.ts";

export interface BenchPaths {
  /** Folder of the serial links, below /dev because a unit's configuration names devices there. */
  serial: string;
  busSocket: string;
  cameraSocket: string;
  /** Folder of the camera programs. */
  cameraPath: string;
  sysfsRoot: string;
  /** people.json, for the centre to import. */
  register: string;
  plant: string;
  /** All that lies outside of the bench's folder. */
  links: string;
}

/** Where the things of a bench are; known before it runs, so that a unit can be configured first. */
export function benchPaths(dir: string): BenchPaths {
  const links = `/dev/shm/guichet-bench-${sha256Hex(resolve(dir)).slice(0, 12)}`;
  return {
    links,
    serial: join(links, "serial"),
    // Socket paths end after 107 bytes; the bench's folder may be deep.
    busSocket: join(links, "bus.sock"),
    cameraSocket: join(links, "camera.sock"),
    cameraPath: join(dir, "bin"),
    sysfsRoot: join(dir, "gpio"),
    register: join(dir, "people.json"),
    plant: join(dir, "plant.json"),
  };
}

/** Path of the serial link that `role` gets, unless the configuration puts it onto another device's line. */
export const benchSerialPath = (dir: string, role: string): string => join(benchPaths(dir).serial, role);

/** Path of the stable name that the USB camera `role` gets, for its configuration. */
export const benchCameraPath = (dir: string, role: string): string =>
  join(benchPaths(dir).links, "v4l", "by-id", `usb-Bench_Cam_${role}-video-index0`);

export interface BenchOptions {
  config: BenchConfig;
  /** The bench's own folder; a bench that starts with the same one goes on where it was. */
  dir: string;
  /** Decides numbers and fingers of the people. */
  seed: string | number;
  /** 0 for any. */
  panelPort: number;
  /** Lets bytes of a fingerprint module take as long as on a real line: an image then needs seconds. */
  realTime?: boolean;
  /** All times of a card dispenser are multiplied by this; 1, as of a real one, when it is not given. */
  dispenserPace?: number;
  /** Stands between a line and the simulators on it, for faults of the wire. */
  between?: (line: PtyLine, roles: readonly string[]) => WireLine;
}

export interface Bench {
  plant: Plant;
  people: readonly Person[];
  paths: BenchPaths;
  busSocket: string;
  cameraPath: string;
  panelUrl: string;
  /** What a driver of this role opens. */
  serialPath(role: string): string;
  /** The simulator on the line of a lock board, for faults and for what reached the wire. */
  lockBoards(role: string): LockBoards;
  /** The simulator of a card dispenser, for faults and for what reached the wire. */
  dispenser(role: string): DispenserSimulator;
  /** The simulator of a fingerprint module, for faults and for what stayed in its library. */
  fingerprint(role: string): FingerprintSimulator;
  stop(): Promise<void>;
}

interface Cable {
  line: PtyLine;
  /** What the simulators speak into. */
  wire: WireLine;
  roles: string[];
}

/** Starts the plant, every simulator that the configuration calls for, and the panel. */
export async function startBench(options: BenchOptions): Promise<Bench> {
  const { config, dir } = options;
  const paths = benchPaths(dir);
  mkdirSync(dir, { recursive: true });
  rmSync(paths.links, { recursive: true, force: true });
  mkdirSync(paths.serial, { recursive: true, mode: 0o700 });
  const people = makePeople(options.seed);
  const plant = new Plant({ config, people, draw: sceneDrawer(people) });
  const saving = keepPlant(plant, paths.plant);
  await writeRegister(paths.register, people);

  const cables = lay(config, paths.serial, options.between);
  const cableOf = (role: string): Cable => {
    const found = cables.find(({ roles }) => roles.includes(role));
    if (!found) throw new TypeError(`no serial device ${role}`);
    return found;
  };
  const elsewhere = new Set<string>();
  const stopPlugs = plant.onChange(() => {
    for (const { line, roles } of cables) {
      if (roles.some((role) => plant.attached(role))) {
        line.replug({ elsewhere: roles.some((role) => elsewhere.delete(role)) });
      } else line.unplug();
    }
  });

  const simulators: Simulator[] = [];
  const modules = new Map<string, FingerprintSimulator>();
  for (const { role, profile, address, port } of devicesOf(config, "fingerprint.ef01")) {
    const { wire: line } = cableOf(role);
    const pace = options.realTime ? { paceBaud: port?.baudRate ?? 57_600 } : {};
    const started = startFingerprintSimulator({
      device: role,
      line,
      world: plant,
      profile,
      address,
      ...pace,
    });
    modules.set(role, started);
    simulators.push(started);
  }
  const dispensers = new Map<string, DispenserSimulator>();
  for (const { role, profile, address } of devicesOf(config, "dispenser.crt591")) {
    const { wire: line } = cableOf(role);
    const pace = options.dispenserPace ?? 1;
    const started = startDispenserSimulator({ device: role, line, world: plant, profile, address, pace });
    dispensers.set(role, started);
    simulators.push(started);
  }
  for (const { role, profile, encoding } of devicesOf(config, "printer.escpos")) {
    const { wire: line } = cableOf(role);
    simulators.push(startPrinterSimulator({ device: role, line, world: plant, profile, encoding }));
  }
  const boards = new Map<string, LockBoards>();
  const locks = devicesOf(config, "lock.kerong");
  for (const { wire, roles } of cables) {
    const own = locks.filter(({ role }) => roles.includes(role));
    if (own.length === 0) continue;
    const started = startLockBoards(wire, own, plant);
    simulators.push(started);
    for (const { role } of own) boards.set(role, started);
  }
  const { busSocket: socket, sysfsRoot } = paths;
  simulators.push(await startBusServer({ config, world: plant, socket, sysfsRoot }));
  simulators.push(await startCameraServer({ config, plant, socket: paths.cameraSocket }));
  writeCameraCommands(paths.cameraPath, paths.cameraSocket);
  const nodes = layCameraNodes({ config, plant, folder: paths.links });

  const panel = await startPanel(
    {
      plant,
      replugElsewhere: (device) => elsewhere.add(device),
      setLockFault: (device, fault, count) => {
        boards.get(device)?.setFault(fault, count);
        return boards.has(device);
      },
      dispenser: (device) => dispensers.get(device),
    },
    options.panelPort,
  );
  return {
    plant,
    people,
    paths,
    busSocket: paths.busSocket,
    cameraPath: paths.cameraPath,
    panelUrl: panel.url,
    serialPath: (role) => cableOf(role).line.path,
    lockBoards(role) {
      const found = boards.get(role);
      if (!found) throw new TypeError(`no lock board ${role}`);
      return found;
    },
    dispenser(role) {
      const found = dispensers.get(role);
      if (!found) throw new TypeError(`no dispenser ${role}`);
      return found;
    },
    fingerprint(role) {
      const found = modules.get(role);
      if (!found) throw new TypeError(`no fingerprint module ${role}`);
      return found;
    },
    async stop() {
      await panel.stop();
      stopPlugs();
      for (const simulator of simulators) await simulator.stop();
      for (const { line } of cables) line.close();
      nodes.stop();
      saving.stop();
      rmSync(paths.links, { recursive: true, force: true });
    },
  };
}

/** One cable for each serial device; lock boards with the same path in the configuration share one. */
function lay(
  config: BenchConfig,
  folder: string,
  between: NonNullable<BenchOptions["between"]> = (line) => line,
): Cable[] {
  const serial: BenchDeviceOf<"fingerprint.ef01" | "lock.kerong" | "dispenser.crt591" | "printer.escpos">[] =
    [
      ...devicesOf(config, "printer.escpos"),
      ...devicesOf(config, "fingerprint.ef01"),
      ...devicesOf(config, "lock.kerong"),
      ...devicesOf(config, "dispenser.crt591"),
    ];
  const cables = new Map<string, string[]>();
  for (const { role, port } of serial) {
    const key = port?.path ?? role;
    cables.set(key, [...(cables.get(key) ?? []), role]);
  }
  return [...cables.values()].map((roles) => {
    const line = new PtyLine(join(folder, roles[0] ?? ""));
    return { line, wire: between(line, roles), roles };
  });
}

const SAVE_AFTER_MS = 100;

/** Goes on where the last bench with this folder was, and keeps it up to date. */
function keepPlant(plant: Plant, path: string): { stop(): void } {
  if (existsSync(path)) plant.restore(JSON.parse(readFileSync(path, "utf8")) as PlantSnapshot);
  const save = () => {
    writeFileSync(`${path}.new`, JSON.stringify(plant.snapshot()));
    renameSync(`${path}.new`, path);
  };
  let timer: NodeJS.Timeout | undefined;
  const stopListening = plant.onChange(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      save();
    }, SAVE_AFTER_MS);
  });
  return {
    stop() {
      stopListening();
      clearTimeout(timer);
      save();
    },
  };
}
