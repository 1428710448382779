import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import {
  type Bench,
  type BenchOptions,
  benchSerialPath,
  matchScore,
  startBench,
} from "../../drivers/bench/index.ts";
import { BENCH_TEMPLATE_FORMAT } from "../../drivers/bench/templates.ts";
import { type Clock, setLog, systemClock } from "../../drivers/kit/index.ts";
import { systemPorts } from "../../drivers/ports/index.ts";
import type { DeviceConfiguration } from "../../drivers/registry/index.ts";
import { startEmbeddedBroker } from "../../fleet/broker/index.ts";
import type { SigningKey } from "../../fleet/contract/index.ts";
import {
  type Centre,
  centreKeys,
  importRegister,
  makePki,
  type Pki,
  startCentre,
} from "../../fleet/server/index.ts";
import type { UnitConfiguration } from "../../provisioning/index.ts";
import { type BundleRole, keySetOf, keysIn } from "../../provisioning/keys/index.ts";
import { type Agent, openStickSlot } from "../provisioner/index.ts";
import { type Supervised, supervise } from "./supervise.ts";
import { openAgent } from "./unit-agent.ts";
import { manufacture, provision } from "./unit-files.ts";
import { benchDevices, UNIT, unitPlan } from "./unit-plan.ts";

export interface StackOptions {
  /** Folder of everything that is kept. */
  data: string;
  /** First of the ports: screen, panel, console, broker. */
  portBase: number;
  /** Decides the simulated people. */
  seed: string | number;
  /** Opens the unit at every hour and on holidays. */
  alwaysOpen?: boolean;
  /** False leaves the unit down until `startUnit`. */
  startUnit?: boolean;
  /** Says nothing on the terminal. */
  quiet?: boolean;
  /** Another broker than the embedded one; given the certificates, it answers its address. */
  broker?: (pki: Pki, port: number) => Promise<{ url: string; stop(): Promise<void> }>;
  /** Folder with the built processes. */
  dist?: string;
  /** Changes the unit's configuration before it is provisioned. */
  adjust?: (configuration: UnitConfiguration) => UnitConfiguration;
  /** What is really wired to the unit, where that is not what `make run` has. */
  wired?: (plan: UnitConfiguration) => DeviceConfiguration[];
  /** Stands between a serial line and the simulators on it. */
  between?: BenchOptions["between"];
  /** Where the unit's log lines go; the terminal's error stream when absent. */
  logFile?: string;
  /** Time of the trials of new configurations; the machine's own when absent. */
  agentClock?: Clock;
  /** Environment of the unit's processes, for the tests that kill them. */
  env?: NodeJS.ProcessEnv;
}

export interface RunningUnit {
  /** Resolves with the address of the screen, with its token, whenever the core is (again) up. */
  screen(): Promise<string>;
  pid(name: "core" | "vault" | "senses"): number;
  pids(): number[];
  kill(name: "core" | "vault" | "senses", signal?: NodeJS.Signals): void;
  /** Ends all three and resolves when each has been started again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface Stack {
  /** Takes bundles while the unit runs, from a folder or over the link. */
  agent: Agent;
  /** Where a stick is plugged in: a link to an image is a stick. */
  slot: string;
  /** The keys whose bundles the unit takes. */
  owner: Record<BundleRole, SigningKey>;
  bench: Bench;
  centre: Centre;
  state: string;
  screenOrigin: string;
  panelUrl: string;
  consoleUrl: string;
  unit: RunningUnit | undefined;
  startUnit(env?: NodeJS.ProcessEnv): RunningUnit;
  stop(): Promise<void>;
}

/** Everything around a unit, wherever that runs. */
export interface Surroundings {
  bench: Bench;
  centre: Centre;
  pki: Pki;
  /** The keys whose bundles the unit takes. */
  owner: Record<BundleRole, SigningKey>;
  /** What the unit is to be configured with. */
  configuration: UnitConfiguration;
  screenOrigin: string;
  panelUrl: string;
  consoleUrl: string;
  stop(): Promise<void>;
}

/** Brings up bench, broker and centre on this machine, for a unit that is made afterwards. */
export async function startSurroundings(options: StackOptions): Promise<Surroundings> {
  const data = resolve(options.data);
  const [screenPort, panelPort, consolePort, brokerPort] = [0, 1, 2, 3].map((n) => options.portBase + n) as [
    number,
    number,
    number,
    number,
  ];
  await mkdir(data, { recursive: true, mode: 0o700 });
  if (options.quiet) setLog({ level: "error" });
  const benchDir = join(data, "bench");
  const centreDir = join(data, "centre");
  const serialPath = (role: string) => benchSerialPath(benchDir, role);
  const pki = await makePki(join(data, "pki"));
  const keys = centreKeys(centreDir);
  const broker = options.broker
    ? await options.broker(pki, brokerPort)
    : await startEmbeddedBroker({ tls: pki.server, port: brokerPort, centre: "centre" });

  const plan = unitPlan({
    serialPath,
    broker: { url: broker.url, ca: pki.ca },
    keys: keys.public.keys,
    sealTo: keys.public.sealTo,
    screenPort,
    alwaysOpen: options.alwaysOpen ?? false,
  });
  const configuration = options.adjust ? options.adjust(plan) : plan;
  const bench = await startBench({
    config: { devices: options.wired?.(plan) ?? benchDevices(serialPath), slots: configuration.slots },
    dir: benchDir,
    seed: options.seed,
    panelPort,
    ...(options.between ? { between: options.between } : {}),
  });
  const centre = await startCentre({
    dir: centreDir,
    brokerUrl: broker.url,
    tls: await pki.issue("centre"),
    port: consolePort,
    register: importRegister(bench.paths.register),
    // The bench's own matcher: it knows the made-up templates of the simulated module, and no others.
    matcher: { score: (format, a, b) => (format === BENCH_TEMPLATE_FORMAT ? matchScore(a, b) : undefined) },
  });
  return {
    bench,
    centre,
    pki,
    owner: await keysIn(join(data, "owner")),
    configuration,
    screenOrigin: `http://127.0.0.1:${screenPort}`,
    panelUrl: bench.panelUrl,
    consoleUrl: centre.url,
    stop: async () => {
      await centre.stop();
      await bench.stop();
      await broker.stop();
    },
  };
}

/** Brings up one unit with its bench, a broker and the centre, on this machine. What was there before goes on. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const around = await startSurroundings(options);
  const { bench, centre, pki, owner, configuration, screenOrigin, panelUrl, consoleUrl } = around;
  const data = resolve(options.data);
  const state = join(data, "unit");
  const identity = { device: "bench-1", hardware: "bench", keys: keySetOf(Object.values(owner)) };
  const device = await manufacture(state, identity, await pki.issue(UNIT));
  await centre.registerUnit({ unit: UNIT, deviceKey: device.public, services: configuration.services });
  await provision(state, join(data, "stick"), configuration, owner);
  const agent = await openAgent(state, () => stack.unit, options.agentClock);
  const slot = join(data, "slot", "stick");
  await mkdir(dirname(slot), { recursive: true });
  const port = await openStickSlot({
    state,
    agent,
    node: slot,
    program: join(resolve(options.dist ?? "dist/dev"), "stick.cjs"),
    board: {},
    gpio: systemPorts().gpio,
  });

  const stack: Stack = {
    bench,
    centre,
    state,
    screenOrigin,
    panelUrl,
    consoleUrl,
    agent,
    slot,
    owner,
    unit: undefined,
    startUnit: (env = {}) => {
      const unit = runUnit(options, bench, state, env);
      stack.unit = unit;
      return unit;
    },
    stop: async () => {
      await port.stop();
      await agent.stop();
      await stack.unit?.stop();
      await around.stop();
    },
  };
  if (options.startUnit !== false) stack.startUnit(options.env);
  agent.start();
  return stack;
}

/** What a unit's processes get of the environment: as little as from systemd, for some of it would change how Node runs. */
export const unitEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => ["PATH", "HOME", "LANG", "TZ"].includes(name) || name.startsWith("GUICHET_"),
    ),
  );

/** Ends a process, after three seconds by force, and waits until its supervisor has started it again. */
async function restarted(process: Supervised): Promise<void> {
  const before = process.starts();
  const since = systemClock.mono();
  process.kill("SIGTERM");
  while (process.starts() === before) {
    await systemClock.sleep(50);
    if (systemClock.mono() - since > 3_000) process.kill("SIGKILL");
  }
}

/** Starts the three processes beside each other; each starts again when it ends. */
function runUnit(options: StackOptions, bench: Bench, state: string, extra: NodeJS.ProcessEnv): RunningUnit {
  const dist = resolve(options.dist ?? "dist/dev");
  const env = {
    ...unitEnvironment(),
    GUICHET_BENCH_BUS: bench.busSocket,
    GUICHET_BENCH_CAMERA: bench.cameraPath,
    GUICHET_SEED: String(options.seed),
    ...(options.quiet ? { GUICHET_LOG: "error" } : {}),
    ...extra,
  };
  let url: string | undefined;
  let waiting: ((url: string) => void)[] = [];
  const onLine = (line: string): void => {
    if (!options.quiet) process.stdout.write(`${line}\n`);
    const ready = line.startsWith("{") ? (JSON.parse(line) as { ready?: string; url?: string }) : {};
    if (ready.ready !== "screen" || !ready.url) return;
    url = ready.url;
    for (const tell of waiting) tell(ready.url);
    waiting = [];
  };
  const start = (name: string): Supervised =>
    supervise(
      name,
      {
        file: process.execPath,
        args: [join(dist, `${name}.cjs`), "--state", state],
        env,
        ...(options.logFile ? { logFile: options.logFile } : {}),
      },
      onLine,
    );
  const processes = new Map(["senses", "vault", "core"].map((name) => [name, start(name)]));
  const of = (name: string): Supervised => processes.get(name) as Supervised;
  return {
    screen: () => (url ? Promise.resolve(url) : new Promise((tell) => waiting.push(tell))),
    pid: (name) => {
      const pid = of(name).pid();
      if (pid === undefined) throw new Error(`${name} is not running`);
      return pid;
    },
    pids: () => [...processes.values()].flatMap((process) => process.pid() ?? []),
    kill: (name, signal = "SIGKILL") => {
      if (name === "core") url = undefined;
      of(name).kill(signal);
    },
    restart: async () => {
      url = undefined;
      await Promise.all([...processes.values()].map(restarted));
    },
    stop: async () => {
      await Promise.all([...processes.values()].map((process) => process.stop()));
    },
  };
}
