import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Bench, benchSerialPath, startBench } from "../../drivers/bench/index.ts";
import type { DeviceEvent, Resync } from "../../drivers/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { type Supervised, supervise } from "../../runtime/dev/supervise.ts";
import { Side } from "../../runtime/diagnostics/command/unit.ts";
import {
  connectUnix,
  Peer,
  sensesEvents,
  sensesMethods,
  vaultEvents,
  vaultMethods,
} from "../../runtime/ipc/index.ts";
import { unitConfiguration } from "../support/unit.ts";
import { CutLine } from "./cut-line.ts";

/** Devices on serial lines; each is pulled in turn. */
export const SERIAL = ["finger.front", "printer.receipt", "lock.main", "dispenser.main"] as const;
export type SerialRole = (typeof SERIAL)[number];

type Senses = Peer<typeof sensesMethods, typeof sensesEvents, Record<never, never>>;
type Vault = Peer<typeof vaultMethods, typeof vaultEvents, Record<never, never>>;

/** The events of every device of both processes as they came, and what was wrong with their order. */
export class Chronicle {
  readonly wrong: string[] = [];
  readonly #last = new Map<string, { sequence: number; boot: string }>();
  readonly #waiting = new Set<{ role: string; lifecycles: readonly string[]; tell(at: number): void }>();

  note(event: DeviceEvent | Resync): void {
    const at = performance.now();
    const { role, sequence, boot } = event;
    const last = this.#last.get(role);
    if (last && last.boot !== boot) this.wrong.push(`${role}: its process was restarted`);
    if (last && sequence !== last.sequence + 1)
      this.wrong.push(`${role}: ${sequence} came after ${last.sequence}`);
    if ("dropped" in event) this.wrong.push(`${role}: ${event.dropped} events were dropped`);
    this.#last.set(role, { sequence, boot });
    const lifecycle = "status" in event ? event.status?.lifecycle : undefined;
    if (lifecycle === undefined) return;
    for (const waiting of [...this.#waiting]) {
      if (waiting.role !== role || !waiting.lifecycles.includes(lifecycle)) continue;
      this.#waiting.delete(waiting);
      waiting.tell(at);
    }
  }

  /** Notes the events of all devices of a process from now on, until the connection ends. */
  async follow(side: Side): Promise<void> {
    const watching = await side.ask("diagnostic.watch", {});
    if (!watching.ok) throw watching.error;
    const read = async (): Promise<void> => {
      for (;;) {
        const answer = await side.ask("diagnostic.events", { waitMs: 1_000 });
        if (!answer.ok) return;
        for (const event of answer.value.events) this.note(event);
      }
    };
    void read();
  }

  /** Number of the last event of `role`; 0 before the first. */
  count = (role: string): number => this.#last.get(role)?.sequence ?? 0;

  /** When `role` next comes to one of these places in its life (performance.now). */
  next(role: string, ...lifecycles: string[]): Promise<number> {
    return new Promise((tell) => this.#waiting.add({ role, lifecycles, tell }));
  }
}

export interface HotplugRig {
  bench: Bench;
  senses: Senses;
  vault: Vault;
  chronicle: Chronicle;
  cut(role: SerialRole): CutLine;
  /** Puts the cable back where it gets another name. */
  replug(role: SerialRole): Promise<void>;
  /** Under the supervisor of the development stack, which starts them anew when they end. */
  processes: { senses: Supervised; vault: Supervised };
  /** A further connection to the vault, or the first one to a vault that was started anew. */
  connectVault(): Promise<Vault>;
  stop(): Promise<void>;
}

/** Senses and vault as the processes that they are, on pseudo-terminals whose cables can be pulled in the middle of a frame. */
export async function hotplugRig(env: NodeJS.ProcessEnv = {}): Promise<HotplugRig> {
  const root = mkdtempSync(join(tmpdir(), "guichet-hotplug-"));
  const benchDir = join(root, "bench");
  const state = join(root, "unit");
  const configuration = configure(benchDir);
  mkdirSync(join(state, "config"), { recursive: true });
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(configuration));
  const lines = new Map<string, CutLine>();
  const bench = await startBench({
    config: configuration,
    dir: benchDir,
    seed: 1,
    panelPort: 0,
    between: (line, roles) => {
      const cut = new CutLine(line);
      for (const role of roles) lines.set(role, cut);
      return cut;
    },
  });
  const start = (name: string): Supervised =>
    supervise(
      name,
      {
        file: process.execPath,
        args: [resolve("dist/dev", `${name}.cjs`), "--state", state],
        env: {
          ...process.env,
          GUICHET_LOG: "error",
          GUICHET_BENCH_BUS: bench.busSocket,
          GUICHET_BENCH_CAMERA: bench.cameraPath,
          ...env,
        },
        logFile: join(root, `${name}.log`),
      },
      () => undefined,
    );
  const processes = { senses: start("senses"), vault: start("vault") };
  const socketOf = async (name: string) => {
    const socket = await connectUnix(join(state, "run", name, "socket"), AbortSignal.timeout(30_000));
    if (!socket) throw new Error(`${name} does not listen`);
    return socket;
  };
  const senses: Senses = new Peer(await socketOf("senses"), {
    remote: sensesMethods,
    incoming: sensesEvents,
  });
  const connectVault = async (): Promise<Vault> =>
    new Peer(await socketOf("vault"), { remote: vaultMethods, incoming: vaultEvents });
  const vault = await connectVault();
  const chronicle = new Chronicle();
  const ready = SERIAL.map((role) => chronicle.next(role, "ready"));
  const sides = [new Side("senses", await socketOf("senses")), new Side("vault", await socketOf("vault"))];
  for (const side of sides) await chronicle.follow(side);
  const already = [await senses.call("status", {}), await vault.call("status", {})].flatMap((answer) =>
    answer.ok ? answer.value.body.devices : [],
  );
  await Promise.all(
    SERIAL.map(
      (role, i) => already.find((device) => device.role === role)?.lifecycle === "ready" || ready[i],
    ),
  );
  return {
    bench,
    senses,
    vault,
    chronicle,
    processes,
    connectVault,
    cut(role) {
      const line = lines.get(role);
      if (!line) throw new TypeError(`no line of ${role}`);
      return line;
    },
    async replug(role) {
      const response = await fetch(new URL("/device/replug", bench.panelUrl), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ device: role, elsewhere: true }),
      });
      if (!response.ok) throw new Error(`replug: ${response.status}`);
    },
    async stop() {
      for (const side of sides) side.close();
      senses.close();
      vault.close();
      await Promise.all([processes.senses.stop(), processes.vault.stop()]);
      await bench.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** Two serial devices in each process, and beside them one that is never pulled. */
function configure(benchDir: string): UnitConfiguration {
  const port = (role: SerialRole, baudRate: number) => ({ path: benchSerialPath(benchDir, role), baudRate });
  return unitConfiguration({
    devices: [
      {
        role: "finger.front",
        driver: "fingerprint.ef01",
        port: port("finger.front", 57_600),
        profile: "r503",
        address: 0xffffffff,
        reservedPage: 199,
      },
      {
        role: "printer.receipt",
        driver: "printer.escpos",
        port: port("printer.receipt", 38_400),
        profile: "tm",
        encoding: "gb18030",
        columns: 42,
      },
      { role: "sensor.cabinet", driver: "sensor.bme280", bus: 1, address: 0x76 },
      {
        role: "lock.main",
        driver: "lock.kerong",
        port: port("lock.main", 19_200),
        board: 0,
        compartments: 4,
        lockedBit: 1,
        itemBit: 1,
        pulseMs: 200,
      },
      {
        role: "dispenser.main",
        driver: "dispenser.crt591",
        port: port("dispenser.main", 9_600),
        profile: "m001",
        address: 0,
      },
      {
        role: "door.service",
        driver: "auxiliary.gpio",
        line: { chip: "guichet-bench", offset: 4 },
        activeLow: false,
        debounceMs: 5,
      },
    ],
    slots: [
      ...["1", "2", "3", "4"].map((slot, compartment) => ({ slot, lock: "lock.main", compartment })),
      { slot: "M1", dispenser: "dispenser.main", magazine: 0, capacity: 8 },
    ],
  });
}
