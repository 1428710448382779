import { MODELS } from "../../../drivers/bench/dispenser/models.ts";
import {
  type DispenserSimulator,
  startDispenserSimulator,
} from "../../../drivers/bench/dispenser/simulator.ts";
import { FaultyLine } from "../../../drivers/bench/faults/wire.ts";
import { type LockBoards, startLockBoards } from "../../../drivers/bench/lock/boards.ts";
import { Plant } from "../../../drivers/bench/plant/plant.ts";
import { deviceFault } from "../../../drivers/contract/index.ts";
import type { GpioFactory, Ports } from "../../../drivers/ports/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { Disk } from "../../simulate/engine/disk.ts";
import { type Life, Scheduler } from "../../simulate/engine/scheduler.ts";
import { Signatures } from "../../simulate/engine/signatures.ts";
import { seededBytes, VaultLife } from "../../simulate/engine/vault-life.ts";
import { Paperwork } from "../../simulate/paperwork.ts";
import { seeded } from "../replay/random.ts";
import { DeviceLine } from "./line.ts";
import { type DeviceName, isDispenser } from "./states.ts";
import { MAGAZINE, ROLE } from "./things.ts";

const CHIP = "chip";
/** A Tuesday. */
const EPOCH = Date.UTC(2026, 10, 24, 8);
const PLACES = 2;
const line = (offset: number) => ({ chip: CHIP, offset });
const GPIO_PLACES = Array.from({ length: PLACES }, (_, i) => ({
  coil: line(10 * i),
  door: line(10 * i + 1),
  item: line(10 * i + 2),
}));
/** As those of a unit, but for the time that people have. */
const LIMITS = {
  unlatch: 3_000,
  doorOpen: 20_000,
  pollLatch: 120,
  pollDoor: 600,
  take: 8_000,
  insert: 8_000,
  pollPath: 250,
};
/** A dispenser with a timer of its own takes back later than the vault does. */
const OWN_TIMER_MS = 12_000;

/** One vault with one device of the bench, its plant and its disk, under one virtual clock and one seed. */
export class Rig {
  readonly device: DeviceName;
  readonly random: () => number;
  readonly scheduler = new Scheduler();
  readonly life: Life = { alive: true };
  readonly disk: Disk;
  readonly papers: Paperwork;
  readonly plant: Plant;
  readonly vault: VaultLife;
  readonly line: DeviceLine;
  readonly wire: FaultyLine;
  readonly boards: LockBoards | undefined;
  readonly unit: DispenserSimulator | undefined;
  /** Called at each step of vault, disk, line and device. */
  onStep: (step: string) => void = () => undefined;
  /** What a GPIO line does to its driver now: for scripts of faults. */
  gpioFault: ((way: "read" | "write" | "open") => boolean) | undefined;
  /** Sensors that show something else than what is: for scripts of faults. */
  lies: { path?: () => "none" | "gate" | "reader"; latch?: () => "locked" | "open"; item?: () => boolean } =
    {};
  /** How often motor or coil moved, by name. */
  readonly turns: Record<string, number> = {};
  readonly #wall = { offset: EPOCH };
  #coilsDead = 0;

  constructor(device: DeviceName, seed: number) {
    this.device = device;
    this.random = seeded(seed);
    Math.random = this.random;
    const { scheduler, life, random } = this;
    const bytes = seededBytes(random);
    const signatures = new Signatures(bytes);
    this.papers = new Paperwork(signatures, () => EPOCH + scheduler.now);
    this.disk = new Disk({ scheduler, random, onSync: (event) => this.onStep(commitStep(event)) });
    const configuration = configurationOf(device, this.papers);
    const now = () => EPOCH + scheduler.now;
    this.plant = new Plant({ config: configuration, people: [], draw: async () => new Uint8Array(), now });
    this.#watchPlant();
    const clock = scheduler.clock(life, this.#wall);
    this.line = new DeviceLine({ scheduler, life, random, baudRate: 19_200 });
    this.line.onWrite = (written) => this.#written(written);
    this.wire = new FaultyLine(this.line, clock);
    const world = this.plant;
    if (isDispenser(device)) {
      const made = { device: ROLE, profile: device, address: 0, line: this.wire, world, clock };
      this.unit = startDispenserSimulator({ ...made, ownTimerMs: OWN_TIMER_MS });
    } else if (device !== "gpio") {
      const board = { role: ROLE, board: 0, compartments: PLACES, lockedBit: 1 as const, pulseMs: 200 };
      const itemBit = device === "kerong" ? (1 as const) : undefined;
      this.boards = startLockBoards(this.wire, [{ ...board, itemBit }], world, clock);
    }
    const { sensesKey } = this.papers;
    this.vault = new VaultLife({
      scheduler,
      wall: this.#wall,
      disk: this.disk,
      surroundings: () => ({ configuration, sensesKey, signatures, bytes }),
      ports: (vault) => ({ serial: this.line.serial(vault), gpio: this.#gpio(vault) }) as unknown as Ports,
      limits: LIMITS,
    });
    this.vault.onStep = (step) => this.onStep(step);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.scheduler.after(ms, this.life, resolve));
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /**
   * Takes the power of the device alone for a while; what is on the line is lost. Of locks on GPIO lines that is the supply
   * of the coils: the contacts hang on the unit.
   */
  cutDevice(ms: number): void {
    if (this.device === "gpio") {
      this.#coilsDead++;
      this.scheduler.after(ms, this.life, () => this.#coilsDead--);
      return;
    }
    this.cutWires(ms);
  }

  /** Cuts everything between the device and the unit for a while. */
  cutWires(ms: number): void {
    this.plant.unplug(ROLE);
    this.line.silence();
    this.unit?.powerCycle();
    this.scheduler.after(ms, this.life, () => this.plant.replug(ROLE));
  }

  /** Whole requests that have reached the device. */
  requests(): number {
    return (this.boards ?? this.unit)?.requests.length ?? 0;
  }

  #turned(what: string): void {
    this.turns[what] = (this.turns[what] ?? 0) + 1;
    this.onStep(`${what}-turned`);
  }

  /** The plant moves as it does; each motion is a step. */
  #watchPlant(): void {
    const { plant } = this;
    const energise = plant.energise.bind(plant);
    plant.energise = (...about) => {
      if (this.#coilsDead > 0) return;
      energise(...about);
      this.#turned("coil");
    };
    const latch = plant.latch.bind(plant);
    plant.latch = (...about) => this.lies.latch?.() ?? latch(...about);
    const itemSensed = plant.itemSensed.bind(plant);
    plant.itemSensed = (...about) => this.lies.item?.() ?? itemSensed(...about);
    const doorOf = plant.doorOf.bind(plant);
    plant.doorOf = (...about) => {
      const shown = this.lies.latch?.();
      return shown === undefined ? doorOf(...about) : shown === "open" ? "open" : "closed";
    };
    const dispenser = plant.dispenser.bind(plant);
    plant.dispenser = (device) => {
      const world = dispenser(device);
      return {
        ...world,
        path: () => this.lies.path?.() ?? world.path(),
        turn: (motor) => {
          const came = world.turn(motor);
          this.#turned(motor);
          return came;
        },
        openEntry: (open) => {
          const was = plant.cards.views()[0]?.entry;
          world.openEntry(open);
          if (open && !was) this.#turned("entry");
        },
      };
    };
  }

  #written(bytes: Uint8Array): void {
    const [first, , second, , , command, parameter = 0] = bytes;
    if (first === 0x02 && second === 0x31) return this.onStep("coil-written");
    if (first !== 0xf2 || !isDispenser(this.device)) return;
    const { move, entry } = MODELS[this.device];
    const deed = command === 0x32 ? move[parameter] : command === 0x33 ? entry[parameter] : undefined;
    if (deed === "inside") this.onStep("feed-written");
    else if (deed === "enable") this.onStep("entry-written");
    else if (typeof deed === "object") this.onStep(`${deed.turn}-written`);
  }

  #gpio(vault: Life): GpioFactory {
    const { plant } = this;
    const never = new Promise<never>(() => undefined);
    const fails = (way: "read" | "write" | "open") => {
      if (this.gpioFault?.(way)) throw deviceFault("fault", { reason: way });
    };
    return {
      input: async ({ chip, offset }, { debounceMs }) => {
        fails("open");
        return {
          read: async () => {
            await this.sleep(debounceMs);
            if (!vault.alive) return never;
            fails("read");
            return plant.level(chip, offset);
          },
          onEdge: () => undefined,
          close: async () => undefined,
        };
      },
      output: async ({ chip, offset }, { activeLow, initial }) => {
        fails("open");
        const drive = (level: 0 | 1) => {
          if (vault.alive) plant.drive(chip, offset, (activeLow ? 1 - level : level) as 0 | 1);
        };
        drive(initial);
        return {
          write: async (level) => {
            if (level === 1) this.onStep("coil-written");
            if (!vault.alive) return never;
            fails("write");
            drive(level);
          },
          close: async () => drive(initial),
        };
      },
    };
  }
}

/** Rows of the journal as steps: a cut while one is written may lose or keep it. */
function commitStep(event: string): string {
  const what = event.slice(event.indexOf(".") + 1);
  return `commit-${OUTCOMES.has(what) ? "outcome" : what}`;
}
const OUTCOMES = new Set(["outcome", "stored", "empty", "presented", "unknown", "notMoved"]);

function configurationOf(device: DeviceName, papers: Paperwork): UnitConfiguration {
  const port = { path: "/dev/device", baudRate: 19_200 };
  const common = { role: ROLE, port };
  const board = { board: 0, compartments: PLACES, lockedBit: 1 as const, pulseMs: 200 };
  const devices = {
    kerong: { ...common, driver: "lock.kerong" as const, ...board, itemBit: 1 as const },
    plain: { ...common, driver: "lock.kerong" as const, ...board },
    gpio: {
      role: ROLE,
      driver: "lock.gpio" as const,
      compartments: GPIO_PLACES,
      coilActiveLow: true,
      // A contact whose wire is cut reads its pull-up: as an open door, as something that is there.
      doorOpenLevel: 1 as const,
      itemPresentLevel: 1 as const,
      debounceMs: 5,
      pulseMs: 100,
      oneShot: true as const,
    },
    m001: { ...common, driver: "dispenser.crt591" as const, profile: "m001" as const, address: 0 },
    r02: { ...common, driver: "dispenser.crt591" as const, profile: "r02" as const, address: 0 },
  };
  const configuration: Partial<UnitConfiguration> = {
    v: 1,
    unit: papers.unit,
    centre: { keys: papers.publicKeys } as UnitConfiguration["centre"],
    devices: [devices[device]],
    slots: isDispenser(device)
      ? [{ slot: MAGAZINE, dispenser: ROLE, magazine: 0, capacity: 5 }]
      : Array.from({ length: PLACES }, (_, i) => ({ slot: String(i + 1), lock: ROLE, compartment: i })),
    interlocks: [],
  };
  return configuration as UnitConfiguration;
}
