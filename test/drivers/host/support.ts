import { VirtualClock } from "../../../drivers/conformance/time.ts";
import {
  type Command,
  type Driver,
  deviceFault,
  type Session,
  type VerbKind,
} from "../../../drivers/contract/index.ts";
import type * as host from "../../../drivers/host/index.ts";
import type { DeviceHost, HostOptions } from "../../../drivers/host/index.ts";
import { defer, type Fault, ok, type Result } from "../../../drivers/kit/index.ts";

/** The room under test, or one that lacks a rule. */
export type HostModule = typeof host;

/** What the verbs of the scripted device do. */
export interface Verbs {
  /** Number of the session, from 1. */
  life: number;
  /** Moves something: counted, and by the plant's own look never two at once. */
  move(ms: number): Promise<Result<string>>;
}

export interface Script {
  open?: (signal: AbortSignal) => Promise<void>;
  recover?: () => Promise<void>;
  probe?: () => Promise<void>;
  close?: () => Promise<void>;
  serial?: () => string;
  session?: Partial<Session<Verbs>>;
  driver?: Partial<Driver<Verbs>>;
}

/** A device in memory under virtual time whose every step the test decides, and that sees what is done to it. */
export function rig(module: HostModule, script: Script = {}, options: HostOptions<Verbs> = {}) {
  const clock = new VirtualClock();
  const seen = { moves: 0, moving: 0, atOnce: 0, recovered: 0, closed: 0, lifecycles: [] as string[] };
  const lives: { lose(fault?: Fault): void }[] = [];
  const driver: Driver<Verbs> = {
    role: "lock.main",
    class: "lock",
    name: "lock.scripted",
    probeEveryMs: 2_000,
    deviceTimeMs: 1_000,
    open: async (signal) => {
      await script.open?.(signal);
      const lost = defer<Fault>();
      const life = lives.push({ lose: (fault = deviceFault("absent")) => lost.resolve(fault) });
      return {
        identity: { model: "scripted", serial: script.serial?.() ?? "A1" },
        capabilities: {},
        verbs: {
          life,
          move: async (ms) => {
            seen.moves++;
            seen.atOnce = Math.max(seen.atOnce, ++seen.moving);
            await clock.sleep(ms);
            seen.moving--;
            return ok(`moved ${seen.moves}`);
          },
        },
        recover: async () => {
          await script.recover?.();
          seen.recovered++;
          return { life };
        },
        probe: async () => script.probe?.(),
        lost: lost.promise,
        close: async () => {
          await script.close?.();
          seen.closed++;
        },
        ...script.session,
      };
    },
    ...script.driver,
  };
  const device: DeviceHost<Verbs> = new module.DeviceHost<Verbs>(driver, {
    clock,
    random: () => 0.5,
    onStatus: (status) => seen.lifecycles.push(status.lifecycle),
    ...options,
  });
  return {
    clock,
    device,
    seen,
    lives,
    /** Lets virtual time pass until `probe` holds; fails after `ms` of it. */
    until: async (what: string, probe: () => boolean, ms = 120_000): Promise<void> => {
      const end = clock.mono() + ms;
      while (!probe()) {
        if (clock.mono() > end) throw new Error(`did not happen within ${ms} ms of virtual time: ${what}`);
        await clock.sleep(Math.max(1, ms / 100_000));
      }
    },
    ready: async (): Promise<void> => {
      device.start();
      await device.whenReady();
    },
  };
}

export type Rig = ReturnType<typeof rig>;

/** A command with the fields that matter to a test; the rest is usual. */
export const command = (id: string, kind: VerbKind, more: Partial<Command> = {}): Command => ({
  id,
  kind,
  verb: "verb",
  deviceTimeMs: 1_000,
  ...more,
});

/** `ok`, or the code of what came instead. */
export const code = (result: Result<unknown>): string => (result.ok ? "ok" : result.error.code);

export const never = (): Promise<never> => new Promise(() => undefined);
