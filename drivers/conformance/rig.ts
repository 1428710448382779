import type { BusFault, FaultyLine } from "../bench/faults/index.ts";
import { deviceFault, type MotionToken, type Prompt } from "../contract/index.ts";
import { DeviceHost } from "../host/index.ts";
import { type Clock, isFault, type Result } from "../kit/index.ts";
import { driverTools } from "../ports/index.ts";
import type { DriverModule } from "../registry/index.ts";
import type { Recording } from "./cases.ts";
import type { ConformanceEntry, Trial, TrialContext } from "./entry.ts";
import { benchWiring, type RealDevice, realWiring } from "./wiring.ts";

/** A driver as the registry gives it: the settings were checked by its own schema. */
// biome-ignore lint/suspicious/noExplicitAny: the suite runs drivers of every settings type
export type AnyModule = DriverModule<any, unknown>;
export type AnyEntry = ConformanceEntry<unknown, unknown>;

export interface Subject {
  name: string;
  entry: AnyEntry;
  module: AnyModule;
  /** The device itself in place of its simulator. */
  real?: RealDevice;
}

/** What became of one run of a verb. */
export interface Run {
  result: Result<unknown>;
  /** An exception that is no fault: a defect of the driver. */
  threw?: string;
  tookMs: number;
  /** The driver's verb did not end although its command was over. */
  hangs: boolean;
  /** Prompts, in order; `late` are those after the verb had ended. */
  prompts: Prompt[];
  late: Prompt[];
}

export interface RunOptions {
  signal?: AbortSignal;
  userTimeMs?: number;
  /** When `signal` will abort, for the judge. */
  cancelledAfterMs?: number;
  /** In place of a permission that is good. */
  forge?: "unknown" | "used" | "otherDevice";
  onPrompt?: (prompt: Prompt) => void;
}

/** Counts permissions as the vault's ledger would. */
export class Ledger {
  given = 0;
  redeemed = 0;
  refused = 0;
  readonly #device: string;
  readonly #live = new Map<MotionToken, boolean>();

  constructor(device: string) {
    this.#device = device;
  }

  give(compartment = 0, forge?: RunOptions["forge"]): MotionToken {
    const device = forge === "otherDevice" ? `${this.#device}.other` : this.#device;
    const token = { effect: `effect-${this.#live.size}`, device, compartment } as unknown as MotionToken;
    if (forge !== "unknown") this.#live.set(token, forge === "used");
    if (!forge) this.given++;
    return token;
  }

  redeem = (token: MotionToken, device: string, compartment: number): void => {
    const used = this.#live.get(token);
    if (used !== false || token.device !== device || token.compartment !== compartment) {
      this.refused++;
      throw deviceFault("unauthorised");
    }
    this.#live.set(token, true);
    this.redeemed++;
  };
}

/** One driver under its host, with its simulator, on lines that can fault. */
export interface Rig {
  sim: unknown;
  clock: Clock;
  host: DeviceHost<unknown>;
  line: FaultyLine;
  bus: BusFault;
  ledger: Ledger;
  unplug(): void;
  replug(): void;
  readonly plugged: boolean;
  /** Forgets what was seen on the wire so far. */
  listen(): void;
  /** What was seen on the wire since. */
  recording(): Recording;
  /** Ends the armed fault; answers how often it was met. */
  disarm(): number;
  limitOf(trial: Trial<unknown, unknown>, options?: RunOptions): number;
  /** Brings the world to what the words say: on the bench by `happens`, on real hardware by a person. */
  arrange(words: string, happens: (sim: unknown) => void): Promise<void>;
  /** Whether the device is ready within `ms`. */
  ready(ms: number): Promise<boolean>;
  until(probe: () => boolean, ms: number): Promise<boolean>;
  run(trial: Trial<unknown, unknown>, options?: RunOptions): Promise<Run>;
  stop(): Promise<void>;
}

/** Motion and user time of a trial unless it says otherwise, ms. */
const DEVICE_MS = 10_000;
const USER_MS = 20_000;
/** How long a verb may go on after its command was answered for it, ms. */
const GONE_MS = 30_000;

/** @param before the driver is started: where a fault of opening is armed */
export async function makeRig(subject: Subject, seed: number, before?: (rig: Rig) => void): Promise<Rig> {
  const wiring = subject.real ? realWiring(subject.real) : await benchWiring(subject.entry, seed);
  const { clock, line, bus, sim } = wiring;
  const { configuration } = subject.entry;
  const ledger = new Ledger(configuration.role);
  const driver = subject.module.create(configuration, driverTools(wiring.ports, clock, ledger.redeem));
  const host = new DeviceHost<unknown>(driver, { clock, random: seeded(seed) });

  const until = async (probe: () => boolean, ms: number): Promise<boolean> => {
    const end = clock.mono() + ms;
    while (!probe()) {
      if (clock.mono() >= end) return false;
      await clock.sleep(5);
    }
    return true;
  };

  let plugged = true;
  const rig: Rig = {
    sim,
    clock,
    host,
    line,
    bus,
    ledger,
    until,
    get plugged() {
      return plugged;
    },
    listen() {
      line.listen();
      bus.listen();
    },
    recording: () => ({
      replies: [...line.replies],
      requests: line.requests,
      transfers: [...bus.transfers],
    }),
    disarm: () => line.disarm() + bus.disarm(),
    limitOf,
    arrange: async (words, happens) => (subject.real ? subject.real.ask(words) : happens(sim)),
    unplug() {
      plugged = false;
      wiring.unplug();
    },
    replug() {
      plugged = true;
      wiring.replug();
    },
    ready: (ms) => until(() => host.lifecycle === "ready", ms),
    run: (trial, options = {}) => runOnce(host, clock, ledger, trial, sim, options),
    async stop() {
      await host.stop();
      await wiring.stop();
    },
  };
  before?.(rig);
  host.start();
  return rig;
}

/** Longest time of one run, ms. */
const limitOf = (trial: Trial<unknown, unknown>, options: RunOptions = {}): number =>
  (trial.deviceTimeMs ?? DEVICE_MS) + (trial.kind === "capture" ? (options.userTimeMs ?? USER_MS) : 0);

async function runOnce(
  host: DeviceHost<unknown>,
  clock: Clock,
  ledger: Ledger,
  trial: Trial<unknown, unknown>,
  sim: unknown,
  options: RunOptions,
): Promise<Run> {
  const run: Run = { result: undefined as never, tookMs: 0, hangs: false, prompts: [], late: [] };
  let ended = false;
  const context: TrialContext = {
    clock,
    signal: options.signal ?? new AbortController().signal,
    userTimeMs: options.userTimeMs ?? USER_MS,
    prompt: (prompt) => {
      (ended ? run.late : run.prompts).push(prompt);
      options.onPrompt?.(prompt);
    },
    token: (compartment) => ledger.give(compartment, options.forge),
  };
  const started = clock.mono();
  // A query that failed is asked once more by the host, perhaps while the first try still goes on.
  const tries: Promise<unknown>[] = [];
  run.result = await host.use(trial.kind, limitOf(trial, options), (verbs) => {
    const running = Promise.resolve(trial.run(verbs, context, sim));
    running.catch((error: unknown) => {
      if (!isFault(error))
        run.threw = error instanceof Error ? `${error.name}: ${error.message}` : "not an error";
    });
    tries.push(running.catch(() => undefined));
    return running;
  });
  run.tookMs = clock.mono() - started;
  // The host may have answered for it. What goes on then would reach into the next command.
  const timer = new AbortController();
  const over = await Promise.race([
    Promise.all(tries).then(() => true),
    clock.sleep(GONE_MS, timer.signal).then(() => timer.signal.aborted),
  ]);
  timer.abort();
  run.hangs = !over;
  ended = true;
  return run;
}

/** Mulberry32: small, and the same on every machine. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
