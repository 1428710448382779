import { type ChildProcess, spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import * as assert from "uvu/assert";
import { exportSigningKey, newSigningKey } from "../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { eventually, suite, type TestContext } from "../kit.ts";
import type { VaultClient } from "../support/vault-client.ts";
import { type VaultRig, vaultRig } from "../support/vault-rig.ts";

/**
 * The real vault, core and guardian as processes, killed in the middle of a pulse of a lock on a GPIO line. The plant is the
 * witness of the line: on the bench as on a kernel's sysfs, it stays as it was driven last when a process dies.
 */
const { test, run } = suite("gpio lock kill", 180_000);

/** As long as a pulse may be, so that one that is cut short is told from one that ended by itself, ms. */
const PULSE_MS = 2_000;
const LIMIT_MS = 1_000;
const CHIP = "pinctrl-bcm2711";
const COIL = 10;

const folder = mkdtempSync(join(tmpdir(), "guichet-gpio-kill-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
await build({
  entryPoints: ["vault", "core", "guardian"].map((name) => ({ in: `runtime/dev/${name}.ts`, out: name })),
  outdir: folder,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  packages: "external",
  outExtension: { ".js": ".mjs" },
  logLevel: "error",
});

/** What starts one of them: it exports its `main`. */
const program = (name: string, state: string): string[] => [
  "--input-type=module",
  "--eval",
  `await (await import(${JSON.stringify(join(folder, `${name}.mjs`))})).main()`,
  "--",
  "--state",
  state,
];

function lock(protection: "guardian" | "oneShot"): UnitConfiguration["devices"][number] {
  const line = (offset: number) => ({ chip: CHIP, offset });
  return {
    role: "lock.main",
    driver: "lock.gpio",
    compartments: [{ coil: line(COIL), door: line(11), item: line(12) }],
    coilActiveLow: false,
    doorOpenLevel: 1,
    itemPresentLevel: 1,
    debounceMs: 5,
    pulseMs: PULSE_MS,
    ...(protection === "guardian" ? { guardian: true } : { oneShot: true }),
  };
}

interface Unit {
  rig: VaultRig;
  client: VaultClient;
  vault: ChildProcess;
  core: ChildProcess;
  /** Numbers of the guardians that the vault has started. */
  guardians(): number[];
}

async function unit(t: TestContext, protection: "guardian" | "oneShot" = "guardian"): Promise<Unit> {
  const rig = await vaultRig(t, 1, lock(protection));
  mkdirSync(join(rig.state, "keys"), { recursive: true });
  writeFileSync(
    join(rig.state, "keys", "device.json"),
    JSON.stringify(exportSigningKey(newSigningKey("unit"))),
  );
  cpSync("flows/services", join(rig.state, "config", "services"), { recursive: true });
  const env = {
    ...process.env,
    GUICHET_BENCH_BUS: rig.bench.busSocket,
    GUICHET_BENCH_CAMERA: rig.bench.cameraPath,
    GUICHET_LOG: process.env.SHOW ? "debug" : "error",
  };
  const start = (name: string): ChildProcess => {
    const child = spawn(process.execPath, program(name, rig.state), {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = new Promise((done) => child.once("exit", done));
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await exit;
    });
    return child;
  };
  const vault = start("vault");
  // Three programs start here on what may be a busy machine.
  await eventually("the vault listens", () => existsSync(join(rig.state, "run", "vault", "socket")), 60_000);
  const core = start("core");
  // Its screen is served: it is up.
  const screen = new Promise<void>((done) => core.stdout?.once("data", () => done()));
  const client = await rig.client();
  await screen;
  const guardians = () =>
    readFileSync(`/proc/${vault.pid}/task/${vault.pid}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number)
      .filter((pid) => commandOf(pid).includes("guardian.mjs"));
  return { rig, client, vault, core, guardians };
}

/** Staff load an item: the vault drives the coil. Resolves in the middle of the pulse. */
async function driven({ rig, client }: Unit): Promise<void> {
  const begun = await client.call("exchange.begin", {
    credentials: [rig.credential("anna"), rig.credential("bert")],
  });
  if (!begun.ok) throw begun.error;
  const high = new Promise<void>((done) => {
    const off = rig.bench.plant.onChange(() => {
      if (rig.bench.plant.level(CHIP, COIL) === 0) return;
      off();
      done();
    });
  });
  const { exchange } = begun.value.body;
  void client.call("exchange.load", { exchange, item: "ITEM-1", assignment: rig.assignment("ITEM-1") });
  await high;
}

/** How long the line stays driven from now on, ms; undefined when that is longer than `patienceMs`. */
function untilLow({ rig: { bench } }: Unit, patienceMs: number): Promise<number | undefined> {
  const began = performance.now();
  return new Promise((done) => {
    const end = (took: number | undefined) => {
      off();
      clearTimeout(timer);
      done(took);
    };
    const timer = setTimeout(() => end(undefined), patienceMs);
    const look = () => bench.plant.level(CHIP, COIL) === 0 && end(performance.now() - began);
    const off = bench.plant.onChange(look);
    look();
  });
}

test("vault and core killed in the middle of a pulse: the line is at rest within a second", async (t) => {
  const it = await unit(t);
  await driven(it);
  const [guardian] = it.guardians();
  assert.ok(guardian);
  it.vault.kill("SIGKILL");
  it.core.kill("SIGKILL");
  const took = await untilLow(it, PULSE_MS);
  assert.ok(took !== undefined && took < LIMIT_MS, `driven for ${took} ms after the kill`);
  if (process.env.SHOW) console.log(`at rest ${took.toFixed(1)} ms after both were killed`);
  await eventually("the guardian has ended", () => !alive(guardian));
  assert.equal(it.rig.motions(), 1);
});

test("the guardian killed: the vault puts the line to rest, and goes on with a new guardian", async (t) => {
  const it = await unit(t);
  await driven(it);
  const [guardian] = it.guardians();
  assert.ok(guardian);
  process.kill(guardian, "SIGKILL");
  const took = await untilLow(it, PULSE_MS);
  assert.ok(took !== undefined && took < LIMIT_MS, `driven for ${took} ms after the kill`);
  await eventually("a new guardian", () => it.guardians().some((pid) => pid !== guardian), 60_000);
  assert.equal(it.rig.motions(), 1);
});

test("a vault that hangs: the guardian ends the pulse in its time", async (t) => {
  const it = await unit(t);
  await driven(it);
  it.vault.kill("SIGSTOP");
  const took = await untilLow(it, PULSE_MS + LIMIT_MS);
  assert.ok(took !== undefined, "the line stayed driven");
});

test("a supervisor's signal to all of the vault's processes: the line is at rest within a second", async (t) => {
  const it = await unit(t);
  await driven(it);
  const [guardian] = it.guardians();
  assert.ok(guardian);
  process.kill(guardian, "SIGABRT");
  it.vault.kill("SIGKILL");
  const took = await untilLow(it, PULSE_MS);
  assert.ok(took !== undefined && took < LIMIT_MS, `driven for ${took} ms after the kill`);
});

test("this proof has teeth: without the guardian the line stays driven, until a new vault puts it to rest", async (t) => {
  // Declares a one-shot that the bench does not have.
  const it = await unit(t, "oneShot");
  await driven(it);
  it.vault.kill("SIGKILL");
  it.core.kill("SIGKILL");
  assert.is(await untilLow(it, PULSE_MS + LIMIT_MS), undefined);
  const again = spawn(process.execPath, program("vault", it.rig.state), {
    env: {
      ...process.env,
      GUICHET_BENCH_BUS: it.rig.bench.busSocket,
      GUICHET_BENCH_CAMERA: it.rig.bench.cameraPath,
    },
    stdio: "ignore",
  });
  t.after(() => again.kill("SIGKILL"));
  assert.ok((await untilLow(it, 60_000)) !== undefined);
});

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

function alive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

run();
