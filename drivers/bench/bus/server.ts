import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { type Clock, systemClock } from "../../kit/index.ts";
import { type BenchConfig, devicesOf, type GpioPlace } from "../config.ts";
import type { Simulator, World } from "../world.ts";
import { type I2cPart, noAcknowledge } from "./chip.ts";
import { placeParts } from "./chips.ts";
import { type BusMessage, type BusRequest, byLine, type Chip } from "./protocol.ts";

/** First GPIO number of the first chip, as Linux gives since 6.6. */
const FIRST_BASE = 512;
const LEAST_LINES = 58;

export interface BusServer extends Simulator {
  chips: Chip[];
  /** Stands for /sys/class/gpio: a folder for each chip with its label, base and number of lines. */
  sysfsRoot: string;
}

/** GPIO and I2C of the bench on a Unix socket, for the look-alikes in a unit's processes. */
export async function startBusServer(options: {
  config: BenchConfig;
  world: World;
  socket: string;
  sysfsRoot: string;
  clock?: Clock;
}): Promise<BusServer> {
  const { config, world, socket, sysfsRoot } = options;
  const places = [...devicesOf(config, "auxiliary.gpio"), ...devicesOf(config, "indicator.gpio")].map(
    ({ line }) => line,
  );
  for (const { compartments } of devicesOf(config, "lock.gpio"))
    for (const { coil, door, item } of compartments) places.push(coil, door, ...(item ? [item] : []));
  const chips = chipsOf(places);
  writeSysfs(sysfsRoot, chips);
  const parts = await placeParts(config, world, options.clock ?? systemClock);
  const numbers = new Map(places.map((place) => [numberOf(chips, place), place]));
  const levels = new Map<number, 0 | 1>();
  const readLevels = () => {
    const changed: [number, 0 | 1][] = [];
    for (const [line, { chip, offset }] of numbers) {
      const level = world.level(chip, offset);
      if (levels.get(line) !== level) changed.push([line, level]);
      levels.set(line, level);
    }
    return changed;
  };
  readLevels();

  const sockets = new Set<Socket>();
  const say = (to: Socket, message: BusMessage) => to.write(`${JSON.stringify(message)}\n`);
  const stopListening = world.onChange(() => {
    for (const [line, level] of readLevels()) for (const to of sockets) say(to, { edge: { line, level } });
  });

  function placeOf(line: number): GpioPlace {
    const known = numbers.get(line);
    if (known) return known;
    const chip = chips.find(({ base, ngpio }) => line >= base && line < base + ngpio);
    if (!chip) throw new Error("EINVAL");
    return { chip: chip.label, offset: line - chip.base };
  }

  function partAt(bus: number, address: number): I2cPart {
    const found = parts.find((row) => row.bus === bus && row.address === address);
    if (!found?.roles.some((role) => world.attached(role))) throw noAcknowledge();
    return found.part;
  }

  function serve(request: BusRequest): Omit<BusMessage & { id: number }, "id"> {
    switch (request.op) {
      case "level": {
        const { chip, offset } = placeOf(request.line);
        return { level: world.level(chip, offset) };
      }
      case "drive": {
        const { chip, offset } = placeOf(request.line);
        world.drive(chip, offset, request.level);
        return {};
      }
      case "i2cRead":
        return { bytes: [...partAt(request.bus, request.address).read(request.length)] };
      case "i2cWrite":
        partAt(request.bus, request.address).write(Uint8Array.from(request.bytes));
        return {};
      case "i2cBlock": {
        const part = partAt(request.bus, request.address);
        part.write(Uint8Array.of(request.register));
        return { bytes: [...part.read(Math.min(request.length, 32))] };
      }
    }
  }

  rmSync(socket, { force: true });
  const server = createServer((from) => {
    sockets.add(from);
    from.setEncoding("utf8");
    from.on("close", () => sockets.delete(from));
    from.on("error", () => undefined);
    from.on(
      "data",
      byLine((line) => {
        const request = JSON.parse(line) as BusRequest;
        try {
          say(from, { id: request.id, ...serve(request) });
        } catch (error) {
          say(from, { id: request.id, error: error instanceof Error ? error.message : "EIO" });
        }
      }),
    );
    say(from, { hello: { chips, sysfsRoot, levels: Object.fromEntries(levels) } });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });

  return {
    chips,
    sysfsRoot,
    async stop() {
      stopListening();
      for (const open of sockets) open.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function chipsOf(places: readonly GpioPlace[]): Chip[] {
  const chips: Chip[] = [];
  let base = FIRST_BASE;
  for (const label of new Set(places.map(({ chip }) => chip))) {
    const highest = Math.max(...places.filter(({ chip }) => chip === label).map(({ offset }) => offset));
    const ngpio = Math.max(LEAST_LINES, highest + 1);
    chips.push({ label, base, ngpio });
    base += ngpio;
  }
  return chips;
}

function numberOf(chips: readonly Chip[], { chip, offset }: GpioPlace): number {
  return (chips.find(({ label }) => label === chip)?.base ?? 0) + offset;
}

function writeSysfs(root: string, chips: readonly Chip[]): void {
  rmSync(root, { recursive: true, force: true });
  for (const { label, base, ngpio } of chips) {
    const folder = join(root, `gpiochip${base}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "label"), `${label}\n`);
    writeFileSync(join(folder, "base"), `${base}\n`);
    writeFileSync(join(folder, "ngpio"), `${ngpio}\n`);
  }
}
