import type { BusFault, FaultyLine } from "../bench/faults/index.ts";
import {
  type CancelAnswer,
  type Command,
  type Completion,
  deviceFault,
  type MotionToken,
  type Prompt,
} from "../contract/index.ts";
import { DeviceHost } from "../host/index.ts";
import { type Clock, isFault, newId, type Result } from "../kit/index.ts";
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
  /** What its cancel was answered. */
  canceled?: CancelAnswer;
  /** What is wrong with how the layer took the command, its repetition and another one under its id. */
  layer: string[];
}

export interface RunOptions {
  /** In place of the command's own: one that is aborted before the verb is called. */
  signal?: AbortSignal;
  userTimeMs?: number;
  /** Cancels the command by its id after so long. */
  cancelAfterMs?: number;
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
  /** Called right before a permission is used up: the commit point of a motion. */
  onRedeem: () => void = () => undefined;

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
    this.onRedeem();
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

  /** A verb with two sets of parameters has two trials. */
  const verbs = new Map(
    Object.entries(subject.entry.trials).map(([name, trial]) => [trial, name.split(" ")[0]]),
  );
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
    run: (trial, options = {}) => runOnce(rig, verbs.get(trial) ?? "", trial, options),
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
  { host, clock, ledger, sim }: Rig,
  verb: string,
  trial: Trial<unknown, unknown>,
  options: RunOptions,
): Promise<Run> {
  const run: Run = { result: undefined as never, tookMs: 0, hangs: false, prompts: [], late: [], layer: [] };
  let ended = false;
  const started = clock.mono();
  const command = commandOf(verb, trial, options);
  // A query that failed is asked once more by the host, perhaps while the first try still goes on.
  const tries: Promise<unknown>[] = [];
  const accepted = host.submit(command, (verbs, { signal, commit }) => {
    ledger.onRedeem = commit;
    const context: TrialContext = {
      clock,
      signal: options.signal ?? signal,
      userTimeMs: options.userTimeMs ?? USER_MS,
      prompt: (prompt) => {
        (ended ? run.late : run.prompts).push(prompt);
        options.onPrompt?.(prompt);
      },
      token: (compartment) => ledger.give(compartment, options.forge),
    };
    const running = Promise.resolve(trial.run(verbs, context, sim));
    running.catch((error: unknown) => {
      if (!isFault(error))
        run.threw = error instanceof Error ? `${error.name}: ${error.message}` : "not an error";
    });
    tries.push(running.catch(() => undefined));
    return running;
  });
  if (accepted.ok) {
    const { cancelAfterMs } = options;
    const canceled =
      cancelAfterMs === undefined
        ? undefined
        : clock.sleep(cancelAfterMs).then(() => host.cancel(command.id));
    const completion = await accepted.value.completion;
    run.result = completion.result;
    if (canceled) run.canceled = await canceled;
    run.layer.push(...(await repeated(host, command, completion)));
  } else run.result = accepted;
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

/** A trial's run as a command with an id, as a core sends it. */
function commandOf(verb: string, trial: Trial<unknown, unknown>, options: RunOptions): Command {
  const person = trial.kind === "capture" && !trial.noPerson;
  return {
    id: newId(),
    verb,
    kind: trial.kind,
    parameters: { sample: 1 },
    deviceTimeMs: person ? (trial.deviceTimeMs ?? DEVICE_MS) : limitOf(trial, options),
    ...(person ? { userTimeMs: options.userTimeMs ?? USER_MS } : {}),
    commits: true,
  };
}

/** The same command again is not run again; another one under its id is a conflict. */
async function repeated(
  host: DeviceHost<unknown>,
  command: Command,
  first: Completion<unknown>,
): Promise<string[]> {
  const wrong: string[] = [];
  const run = async () => {
    wrong.push("the same command was run again");
    return first.result;
  };
  const again = host.submit(command, run);
  const second = again.ok ? await again.value.completion : undefined;
  const gone = command.kind === "capture" && first.result.ok;
  if (gone ? second?.result.ok !== false : second?.result !== first.result)
    wrong.push(gone ? "what a capture gave was given out twice" : "the same command had another answer");
  const other = host.submit({ ...command, parameters: { sample: 2 } }, run);
  if (other.ok || other.error.code !== "device.conflict")
    wrong.push("another command was taken under the same id");
  return wrong;
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
