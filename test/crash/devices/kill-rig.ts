import { type ChildProcess, fork, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { FaultyLine } from "../../../drivers/bench/faults/index.ts";
import { type Bench, benchSerialPath, startBench } from "../../../drivers/bench/index.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { systemPorts } from "../../../drivers/ports/index.ts";
import { openStore } from "../../../drivers/store/index.ts";
import { itemHashOf } from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { unitConfiguration } from "../../support/unit.ts";
import { connectVault, untilServing, type VaultClient } from "../../support/vault-client.ts";
import { makePapers, type Papers } from "../../support/vault-papers.ts";
import { CARDS, ITEM, MAGAZINE, ROLE } from "./things.ts";

export type KilledDevice = "kerong" | "m001" | "r02";
/** A unit's motors are this much faster than real ones. */
const PACE = 0.05;

/** Bundles vault and core once; answers the folder, which goes with this process. */
export async function programs(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "guichet-kill-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  await build({
    entryPoints: { vault: "test/crash/vault-process.ts", core: "test/crash/devices/core-process.ts" },
    outdir: folder,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    outExtension: { ".js": ".mjs" },
    logLevel: "error",
  });
  return folder;
}

/** A bench with one device on a pseudo-terminal, and a state folder for a vault process that is made new for each run. */
export class KillRig {
  readonly device: KilledDevice;
  readonly papers: Papers = makePapers("kt-01");
  readonly state: string;
  readonly #root = mkdtempSync(join(tmpdir(), "guichet-kill-rig-"));
  readonly #folder: string;
  #bench: Bench | undefined;
  #line: FaultyLine | undefined;
  #vault: ChildProcess | undefined;
  #vaultGone: Promise<void> = Promise.resolve();
  #client: VaultClient | undefined;

  constructor(device: KilledDevice, folder: string) {
    this.device = device;
    this.#folder = folder;
    this.state = join(this.#root, "unit");
  }

  get bench(): Bench {
    if (!this.#bench) throw new TypeError("not started");
    return this.#bench;
  }

  get line(): FaultyLine {
    if (!this.#line) throw new TypeError("not started");
    return this.#line;
  }

  async start(): Promise<void> {
    const dir = join(this.#root, "bench");
    const config = this.#configuration(dir);
    for (const part of ["config", "vault", "attestation", "run"])
      mkdirSync(join(this.state, part), { recursive: true });
    writeFileSync(join(this.state, "config", "unit.json"), JSON.stringify(config));
    writeFileSync(
      join(this.state, "attestation", "senses.pub.json"),
      JSON.stringify(this.papers.senses.public),
    );
    this.#bench = await startBench({
      ...{ config, dir, seed: 1, panelPort: 0, dispenserPace: PACE },
      between: (line) => {
        this.#line = new FaultyLine(line, systemClock);
        return this.#line;
      },
    });
    await this.#fillLedger();
    cpSync(join(this.state, "vault"), join(this.#root, "image"), { recursive: true });
  }

  /** Ledger and plant as at the beginning: the item inside, or three cards in the magazine. */
  renew(): void {
    rmSync(join(this.state, "vault"), { recursive: true });
    cpSync(join(this.#root, "image"), join(this.state, "vault"), { recursive: true });
    this.line.disarm();
    const { plant } = this.bench;
    if (this.device === "kerong") {
      plant.openDoor("1", true);
      if (plant.itemSensed(ROLE, 0)) plant.takeItem("1");
      plant.putItem("1", ITEM);
      plant.closeDoor("1");
      return;
    }
    plant.cards.free(ROLE);
    for (const where of ["magazine", "bin"] as const) plant.cards.empty(ROLE, where);
    plant.cards.load(ROLE, CARDS);
    plant.dispenser(ROLE).setCounter(0);
    plant.dispenser(ROLE).openEntry(false);
  }

  /** Starts the vault; it kills whom `kill` names at its step. */
  startVault(kill?: { at: string; whom: "vault" | "core" | "both" }): void {
    rmSync(join(this.state, "run", "vault", "socket"), { force: true });
    const env = { ...process.env, GUICHET_KILL_AT: kill?.at ?? "", GUICHET_KILL: kill?.whom ?? "vault" };
    const vault = spawn(process.execPath, [join(this.#folder, "vault.mjs"), this.state], {
      env,
      stdio: "ignore",
    });
    this.#vault = vault;
    this.#vaultGone = new Promise((gone) => vault.once("exit", () => gone()));
  }

  get vaultGone(): Promise<void> {
    return this.#vaultGone;
  }

  startCore(): ChildProcess {
    return fork(join(this.#folder, "core.mjs"), [this.state], { stdio: "ignore" });
  }

  /** A new core's connection, once the vault is ready and its device serves. */
  async client(): Promise<VaultClient> {
    this.#client = await connectVault(this.state, 30_000);
    return untilServing(this.#client);
  }

  async stopVault(): Promise<void> {
    this.#client?.close();
    this.#vault?.kill("SIGKILL");
    await this.#vaultGone;
  }

  async stop(): Promise<void> {
    await this.stopVault();
    await this.#bench?.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #fillLedger(): Promise<void> {
    const vault = await startVault({ state: this.state, ports: systemPorts() });
    if (this.device === "kerong") {
      await vault.stop();
      const store = await openStore(join(this.state, "vault", "ledger.db"), { migrations: [] });
      const set = "UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = '1'";
      await store.tx((s) => s.run(set, itemHashOf(ITEM)));
      return store.close();
    }
    this.bench.plant.cards.load(ROLE, CARDS);
    const client = await this.client();
    const begun = await client.call("exchange.begin", { credentials: [this.papers.credential("anna")] });
    if (!begun.ok) throw begun.error;
    const { exchange } = begun.value.body;
    const items = CARDS.map((item) => ({ item, assignment: this.papers.assignment(item) }));
    const filled = await client.call("exchange.fill", { exchange, slot: MAGAZINE, items });
    if (!filled.ok) throw filled.error;
    await client.call("exchange.end", { exchange });
    client.close();
    await vault.stop();
  }

  #configuration(dir: string): UnitConfiguration {
    const { keys } = this.papers;
    const port = { path: benchSerialPath(dir, ROLE), baudRate: 19_200 };
    const centre = {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    };
    if (this.device === "kerong")
      return unitConfiguration({
        centre,
        devices: [
          {
            ...{ role: ROLE, driver: "lock.kerong", port, board: 0, compartments: 2 },
            ...{ lockedBit: 1, itemBit: 1, pulseMs: 200 },
          } as UnitConfiguration["devices"][number],
        ],
        slots: ["1", "2"].map((slot, compartment) => ({ slot, lock: ROLE, compartment })),
      });
    return unitConfiguration({
      centre,
      devices: [{ role: ROLE, driver: "dispenser.crt591", profile: this.device, address: 0, port }],
      slots: [{ slot: MAGAZINE, dispenser: ROLE, magazine: 0, capacity: 5 }],
    });
  }
}
