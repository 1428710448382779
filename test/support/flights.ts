import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FaultyLine } from "../../drivers/bench/faults/index.ts";
import {
  type AnyEntry,
  type AnyModule,
  benchWiring,
  Ledger,
  seeded,
  subjectOf,
  type Trial,
} from "../../drivers/conformance/index.ts";
import { FlightRecorder } from "../../drivers/flight/index.ts";
import { DeviceHost } from "../../drivers/host/index.ts";
import { type Clock, type Result, VERSION } from "../../drivers/kit/index.ts";
import { driverTools, WireTap } from "../../drivers/ports/index.ts";
import { createDriver } from "../../drivers/registry/index.ts";

/** A driver with its simulator in virtual time, its wire tapped and recorded. */
export interface FlightRig {
  clock: Clock;
  entry: AnyEntry;
  sim: unknown;
  line: FaultyLine;
  bus: Awaited<ReturnType<typeof benchWiring>>["bus"];
  host: DeviceHost<unknown>;
  tap: WireTap;
  recorder: FlightRecorder;
  role: string;
  unplug(): void;
  replug(): void;
  /** Runs a verb of the conformance entry. @param situation the one whose name begins so */
  run(trial: string, situation?: string): Promise<Result<unknown>>;
  until(what: () => boolean, ms?: number): Promise<void>;
  /** The files that were written, oldest first; waits until nothing is being written. */
  flights(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function flightRig(
  name: string,
  options: {
    seed?: number;
    entry?: (entry: AnyEntry) => AnyEntry;
    module?: (module: AnyModule) => AnyModule;
    /** The cable is out from the start. */
    unplugged?: boolean;
  } = {},
): Promise<FlightRig> {
  const { seed = 1, entry: adapt = (entry) => entry, module: change = (module) => module } = options;
  const subject = await subjectOf(name);
  const entry = adapt(subject.entry);
  const wiring = await benchWiring(entry, seed);
  const { clock } = wiring;
  const { role } = entry.configuration;
  const folder = mkdtempSync(join(tmpdir(), "guichet-flights-"));
  const tap = new WireTap(clock);
  const recorder = new FlightRecorder({ tap, clock, folder, process: "test", version: VERSION, seed });
  const ledger = new Ledger(role);
  const tools = driverTools(wiring.ports, clock, ledger.redeem, tap);
  const driver = createDriver(change(subject.module), entry.configuration, tools);
  const host = new DeviceHost<unknown>(driver, {
    clock,
    random: seeded(seed),
    onStatus: (device) => recorder.status(device),
  });
  if (options.unplugged) wiring.unplug();
  host.start();
  const until = async (what: () => boolean, ms = 60_000): Promise<void> => {
    const end = clock.mono() + ms;
    while (!what()) {
      if (clock.mono() > end) throw new Error(`did not happen within ${ms} ms of virtual time`);
      await clock.sleep(5);
    }
  };
  return {
    clock,
    entry,
    sim: wiring.sim,
    line: wiring.line,
    bus: wiring.bus,
    host,
    tap,
    recorder,
    role,
    unplug: () => wiring.unplug(),
    replug: () => wiring.replug(),
    until,
    run: (trialName, situation) => {
      const trial: Trial<unknown, unknown> | undefined = entry.trials[trialName];
      if (!trial) throw new TypeError(`no trial ${trialName}`);
      const [, arrange] =
        Object.entries(trial.situations ?? {}).find(([words]) => words.startsWith(situation ?? "")) ?? [];
      arrange?.(wiring.sim);
      const context = {
        clock,
        signal: new AbortController().signal,
        userTimeMs: 20_000,
        prompt: () => undefined,
        token: (compartment?: number) => ledger.give(compartment),
      };
      return host.use(trial.kind, 60_000, (verbs) => trial.run(verbs, context, wiring.sim));
    },
    flights: async () => {
      await clock.sleep(4_000);
      await recorder.stop();
      return readdirSync(folder)
        .sort()
        .map((file) => readFileSync(join(folder, file), "utf8"));
    },
    stop: async () => {
      await host.stop();
      await recorder.stop();
      await wiring.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
