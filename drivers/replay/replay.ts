import { seeded, VirtualClock } from "../conformance/index.ts";
import { type DeviceStatus, deviceFault, type MotionToken } from "../contract/index.ts";
import { type Flight, flightFormat } from "../flight/index.ts";
import { DeviceHost } from "../host/index.ts";
import { type Clock, defineErrors, err, type Fault, ok, type Result, VERSION } from "../kit/index.ts";
import { driverTools, type GpioFactory, i2cPorts, type Ports, WireTap } from "../ports/index.ts";
import { createDriver, DRIVER_NAMES, type DriverModule, REGISTRY } from "../registry/index.ts";
import { RecordedPart, recordedBus } from "./bus.ts";
import { Player } from "./player.ts";
import { lastPart, type Outcome, outcomeOf, type Step, scriptOf } from "./script.ts";

export const replayFault = defineErrors("replay", {
  unknownDriver: {
    what: "The recording is of a driver that is not here",
    todo: "Use the version that has written it, or one that has the driver",
    remedy: "none",
    cause: "user",
  },
  notReplayed: {
    what: "Devices of this class have no wire that could be played: their programs or their guardian hold it",
    todo: "Read the file by eye; it says what was called and what it came to",
    remedy: "none",
    cause: "user",
  },
});

export interface Replayed {
  recorded: Outcome;
  replayed: Outcome;
  same: boolean;
  /** Where the driver wrote otherwise than it did when it was recorded; a newer driver may. */
  differences: string[];
  /** The replay as a recording of its own. */
  text: string;
}

export interface ReplayOptions {
  /** In place of the registry's driver: a changed one, for the proof that a replay notices. */
  // biome-ignore lint/suspicious/noExplicitAny: drivers of every settings type are played
  module?: DriverModule<any, unknown>;
}

/** Drivers whose bytes leave through another process. */
const ELSEWHERE = /^(camera\..*|lock\.gpio)$/;
/** What comes this long after the end of a recording still belongs to it, ms. */
const AFTER_MS = 300;
/** Longest time of a verb where the recording does not say that its host ended it, ms. */
const VERB_MS = 120_000;

/**
 * Plays a recording to the real driver under its real host, in virtual time, and compares what it comes to: the answer of
 * every verb and every fault of the device. Errors: `replay.unknownDriver`, `replay.notReplayed`.
 */
export async function replay(whole: Flight, options: ReplayOptions = {}): Promise<Result<Replayed>> {
  const flight = lastPart(whole);
  const { header } = flight;
  const name = DRIVER_NAMES.find((known) => known === header.driver);
  if (!name) return err(replayFault("unknownDriver", { driver: header.driver }));
  if (ELSEWHERE.test(name)) return err(replayFault("notReplayed", { driver: name }));
  // Before the clock runs: it would not wait for a file that is read.
  const { flightText, readFlight } = await flightFormat();
  const clock = new VirtualClock();
  const steps = scriptOf(flight);
  const levels = new Levels(steps);
  const player = new Player(steps, header.lines, clock, {
    call: (step, offset) => call(step, offset),
    level: (line, level) => levels.set(line, level),
    event: (line, name, reason) => levels.event(line, name, reason),
  });
  const parts = header.lines.map((_, line) => new RecordedPart(steps, line, () => player.now));
  const tap = new WireTap(clock);
  // A recording has nothing to protect: its motions are words.
  const tools = driverTools(portsOf(header.lines, clock, player, parts, levels), clock, () => undefined, tap);
  // biome-ignore lint/suspicious/noExplicitAny: the settings are those that the recorded unit had checked
  const module: DriverModule<any, unknown> = options.module ?? (await REGISTRY[name].load());
  const driver = createDriver(module, { ...header.configuration, role: header.role }, tools);
  const host = new DeviceHost<unknown>(driver, {
    clock,
    onStatus: (device: DeviceStatus) => tap.status(device),
    random: seeded(header.seed ?? 1),
  });
  const call = (step: Extract<Step, { kind: "call" }>, offset: number): void => {
    const ended = endOf(flight, step);
    const stop = new AbortController();
    if (ended.aborted !== undefined)
      void clock.sleep(ended.aborted + offset - clock.mono()).then(() => stop.abort());
    const limitMs = ended.overran === undefined ? VERB_MS : ended.overran - step.t;
    // A verb was called on a device that was ready; here that may be a moment later.
    void host.whenReady().then(() =>
      host.use("configure", limitMs, (verbs) => callVerb(verbs, step, header.role, stop.signal), {
        purpose: "staff",
      }),
    );
  };
  host.start();
  await player.run();
  await clock.sleep(AFTER_MS);
  const trace = tap.trace(header.role);
  if (!trace) throw new TypeError("the driver was made with this tap");
  const facts = {
    guichet: VERSION,
    process: "replay",
    why: "asked",
    wallOffset: clock.wall() - clock.mono(),
  };
  const text = flightText(header.role, trace, facts);
  const read = readFlight(text);
  if (!read.ok) return read;
  await host.stop();
  const recorded = outcomeOf(flight);
  const replayed = outcomeOf(read.value);
  const same = JSON.stringify(recorded) === JSON.stringify(replayed);
  const differences = [...player.differences, ...parts.flatMap((part) => part.differences)];
  return ok({ recorded, replayed, same, differences, text });
}

/** How the recorded host ended this verb by itself, if it did. Times of the recording, ms. */
function endOf(
  { entries }: Flight,
  { id, t }: { id: number; t: number },
): { aborted?: number; overran?: number } {
  for (const entry of entries) {
    if (entry.t < t) continue;
    if ("answer" in entry && entry.answer === id)
      return entry.code === "device.canceled" ? { aborted: entry.t } : {};
    if ("status" in entry && entry.code === "device.timeoutDevice") return { overran: entry.t };
  }
  return {};
}

async function callVerb(
  verbs: unknown,
  { verb, given }: Extract<Step, { kind: "call" }>,
  role: string,
  signal: AbortSignal,
): Promise<Result<unknown>> {
  const run = (verbs as Record<string, unknown>)[verb];
  if (typeof run !== "function") return err(deviceFault("unsupported", { role, verb }));
  const answer: unknown = await Reflect.apply(
    run,
    verbs,
    given.map((one) => argument(one, role, signal)),
  );
  const { ok: good, error } = (answer ?? {}) as Partial<{ ok: boolean; error: unknown }>;
  return good === false ? (answer as Result<unknown>) : ok(error);
}

const SAMPLE = { parts: [{ text: "replay" }] };

/** Something like what the verb was given: what was not recorded is replaced by nothing in particular. */
function argument(noted: unknown, role: string, signal: AbortSignal): unknown {
  if (typeof noted !== "object" || noted === null) return noted ?? undefined;
  if ("compartment" in noted) return { effect: "replay", device: role, ...noted } as unknown as MotionToken;
  const fields = Object.entries(noted).map(([name, value]: [string, unknown]) => {
    const { bytes } = (value ?? {}) as { bytes?: unknown };
    return [name, typeof bytes === "number" ? new Uint8Array(bytes) : value] as const;
  });
  return { ...SAMPLE, signal, prompt: () => undefined, ...Object.fromEntries(fields) };
}

/** Levels of recorded contacts. */
class Levels {
  readonly #now = new Map<number, 0 | 1>();
  readonly #listeners = new Map<number, (level: 0 | 1) => void>();
  /** Contacts that cannot be read at the time, and why. */
  readonly #failing = new Map<number, Fault>();

  constructor(steps: readonly Step[]) {
    for (const step of steps)
      if (step.kind === "device" && !this.#now.has(step.line))
        this.#now.set(step.line, step.bytes[0] === 1 ? 1 : 0);
  }

  set(line: number, level: 0 | 1): void {
    this.#failing.delete(line);
    const changed = this.#now.get(line) !== level;
    this.#now.set(line, level);
    if (changed) this.#listeners.get(line)?.(level);
  }

  event(line: number, name: string, reason: string): void {
    if (name === "failed")
      this.#failing.set(line, deviceFault(reason === "device.noReply" ? "noReply" : "absent", { reason }));
    else if (name === "opened") this.#failing.delete(line);
  }

  #settled<T>(line: number, value: T): T {
    const failing = this.#failing.get(line);
    if (failing) throw failing;
    return value;
  }

  /** The only contact ports of a replay. */
  ports(lineOf: (name: string) => number): GpioFactory {
    return {
      input: async ({ chip, offset }) => {
        const line = lineOf(`gpio ${chip}:${offset}`);
        return this.#settled(line, {
          read: async () => this.#settled(line, this.#now.get(line) ?? 0),
          onEdge: (listener) => void this.#listeners.set(line, listener),
          close: async () => void this.#listeners.delete(line),
        });
      },
      output: async () => ({ write: async () => undefined, close: async () => undefined }),
    };
  }
}

function portsOf(
  lines: readonly string[],
  clock: Clock,
  player: Player,
  parts: readonly RecordedPart[],
  levels: Levels,
): Ports {
  const lineOf = (name: string): number => lines.indexOf(name);
  return {
    serial: (settings) => player.serial(lineOf(`serial ${settings.path}`))(settings),
    i2c: i2cPorts({
      clock,
      openPromisified: async (bus) =>
        recordedBus((address) => parts[lineOf(`i2c ${bus}:0x${address.toString(16)}`)]),
    }),
    gpio: levels.ports(lineOf),
    camera: { path: [] },
  };
}
