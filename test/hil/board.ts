import { createServer, type Server } from "node:net";
import type { Bench } from "../../drivers/bench/index.ts";
import type { Plant } from "../../drivers/bench/plant/index.ts";
import { Bme280 } from "../../drivers/sensor/bme280/simulator.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import type { Guest } from "./guest.ts";
import { PORTS } from "./guest.ts";

/** Folder of the kernel's simulated lines. */
export const LINES = "/sys/devices/platform/gpio-sim.0/gpiochip0";

interface Line {
  offset: number;
  chip: string;
}

const contactsOf = (configuration: UnitConfiguration): Line[] =>
  configuration.devices.flatMap((device) =>
    device.driver === "auxiliary.gpio"
      ? [device.line]
      : device.driver === "lock.gpio"
        ? device.compartments.flatMap(({ door, item }) => (item ? [door, item] : [door]))
        : [],
  );

/**
 * Ties the plant of the bench to the kernel's test drivers in the guest: contacts pull lines, the climate fills registers.
 * A boot begins with a new board, so it is tied anew after each.
 */
export class Board {
  readonly #plant: Plant;
  readonly #contacts: Line[];
  #guest: Guest | undefined;
  #pulled = new Map<string, 0 | 1>();
  #busy: Promise<void> = Promise.resolve();
  readonly #stop: () => void;

  constructor(bench: Bench, configuration: UnitConfiguration) {
    this.#plant = bench.plant;
    this.#contacts = contactsOf(configuration);
    this.#stop = this.#plant.onChange(() => this.#pull());
  }

  /** Sets the board of a machine that has just started. */
  async tie(guest: Guest): Promise<void> {
    this.#guest = guest;
    this.#pulled = new Map();
    this.#pull();
    await this.#busy;
    await guest.sh(this.#registers());
  }

  /** Level that the guest's kernel has on a line. */
  async level(offset: number): Promise<number> {
    return Number(await this.#guest?.sh(`cat ${LINES}/sim_gpio${offset}/value`));
  }

  stop(): void {
    this.#stop();
  }

  /** Resolves when what has changed so far is on the lines. */
  settled = (): Promise<void> => this.#busy;

  #pull(): void {
    const guest = this.#guest;
    if (!guest) return;
    const orders: string[] = [];
    for (const { chip, offset } of this.#contacts) {
      const level = this.#plant.level(chip, offset);
      if (this.#pulled.get(`${chip}/${offset}`) === level) continue;
      this.#pulled.set(`${chip}/${offset}`, level);
      orders.push(`echo pull-${level ? "up" : "down"} > ${LINES}/sim_gpio${offset}/pull`);
    }
    if (orders.length === 0) return;
    this.#busy = this.#busy
      .then(() => guest.sh(orders.join("\n")))
      .then(
        () => undefined,
        () => undefined,
      );
  }

  /** A BME280 that has measured, register by register. */
  #registers(): string {
    const part = new Bme280(() => this.#plant.climate());
    part.write(Uint8Array.of(0xf2, 1, 0xf4, 0b001_001_01));
    part.write(Uint8Array.of(0x80));
    return [...part.read(128)]
      .map((value, i) => (value === 0 ? "" : `i2cset -y 1 0x76 ${0x80 + i} ${value} b`))
      .filter(Boolean)
      .join("\n");
  }
}

/** Pictures in a second of the host, which is a fraction of one for the guest: each is carried by an emulated processor. */
const FRAMES = 1;
/** What stands before each picture in a file of v4l2-ctl: "Vhdr" as a number, then the length. */
const HEADER = Buffer.from("rdhV");

/** What the cameras of the guest see, one stream for each camera. */
export async function serveCameras(plant: Plant): Promise<{ stop(): Promise<void> }> {
  const serve = (port: number, role: string, width: number, height: number): Promise<Server> => {
    const server = createServer((socket) => {
      let open = true;
      socket.on("close", () => {
        open = false;
      });
      socket.on("error", () => socket.destroy());
      const film = async (): Promise<void> => {
        while (open) {
          const started = performance.now();
          const jpeg = await plant.picture(role, width, height);
          const head = Buffer.alloc(4);
          head.writeUInt32BE(jpeg.length);
          if (!socket.write(Buffer.concat([HEADER, head, jpeg])))
            await new Promise<void>((resolve) => {
              socket.once("drain", resolve);
              socket.once("close", resolve);
            });
          const left = 1_000 / FRAMES - (performance.now() - started);
          if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
        }
      };
      void film();
    });
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
  };
  const servers = [
    await serve(PORTS.portrait, "camera.portrait", 720, 900),
    await serve(PORTS.document, "camera.document", 1280, 720),
  ];
  return {
    stop: async () => {
      for (const server of servers) server.close();
    },
  };
}
