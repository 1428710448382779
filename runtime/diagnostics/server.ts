import type { Static } from "@sinclair/typebox";
import type { DeviceEvent, Resync } from "../../drivers/contract/index.ts";
import { flightFormat } from "../../drivers/flight/index.ts";
import type { DeviceHost, Subscription } from "../../drivers/host/index.ts";
import { Bell, type Clock, err, ok, type Result } from "../../drivers/kit/index.ts";
import type { WireTap } from "../../drivers/ports/index.ts";
import type { Answer, Handlers, MoreMethods } from "../ipc/index.ts";
import { diagnosticFault, diagnosticMethods } from "./messages.ts";

export interface ServerOptions {
  clock: Clock;
  tap: WireTap;
  devices(): readonly DeviceHost<unknown>[];
  closed: Promise<void>;
}

/** A test takes a device out of service no longer than this, ms. */
const MAINTENANCE_MS = 120_000;
/** Events that are handed over at once. */
const BATCH = 64;
const MOST_FRAMES = 512;
/** What they do cannot be taken back; only the ledger gives permissions for it. */
const MOVERS = ["lock", "dispenser", "printer"];

type Diagnostic = typeof diagnosticMethods;
type Body<K extends keyof Diagnostic> = Static<Diagnostic[K]["answer"]>;

/** The diagnostic methods of one connection. Nothing here has a token, so that nothing here can move anything. */
export function serve(options: ServerOptions): MoreMethods {
  const { clock, tap, devices } = options;
  const gone = new AbortController();
  const subscriptions = new Map<string, Subscription>();
  const told: (DeviceEvent | Resync)[] = [];
  const asks: { role: string; step: string }[] = [];
  const news = new Bell();
  const room = new Bell();
  void options.closed.then(() => {
    gone.abort();
    for (const subscription of subscriptions.values()) subscription.close();
  });

  const answer = <T>(body: T): Result<Answer<T>> => ok({ body, parts: [] });
  const hostOf = (role: string): DeviceHost<unknown> | undefined =>
    devices().find((device) => device.role === role);
  const unknown = (role: string) => err(diagnosticFault("unknownRole", { role }));

  /** Takes from the host only what the other side has room for: the rest waits there, and is a resync when it is too much. */
  async function follow(subscription: Subscription): Promise<void> {
    for (;;) {
      while (told.length >= BATCH && !gone.signal.aborted) await room.wait(clock, 1_000, gone.signal);
      const event = await subscription.next();
      if (!event || gone.signal.aborted) return;
      told.push(event);
      news.ring();
    }
  }

  const handlers: Handlers<Diagnostic> = {
    "diagnostic.devices": async () => {
      const body: Body<"diagnostic.devices"> = {
        wall: clock.wall(),
        mono: clock.mono(),
        devices: devices().map((device) => ({
          status: device.status(),
          wires: tap.trace(device.role)?.lines.map(({ name }) => name) ?? [],
        })),
      };
      return answer(body);
    },
    "diagnostic.watch": async ({ roles }) => {
      const wanted = devices().filter(({ role }) => !roles || roles.includes(role));
      for (const device of wanted) {
        if (subscriptions.has(device.role)) continue;
        const subscription = device.subscribe();
        subscriptions.set(device.role, subscription);
        void follow(subscription);
      }
      return answer({ devices: wanted.map((device) => device.status()) });
    },
    "diagnostic.events": async ({ waitMs }) => {
      if (told.length === 0 && asks.length === 0) await news.wait(clock, waitMs, gone.signal);
      const events = told.splice(0, BATCH);
      room.ring();
      return answer({ events, asks: asks.splice(0) });
    },
    "diagnostic.test": async ({ role, level }) => {
      const host = hostOf(role);
      if (!host) return unknown(role);
      const { class: kind, lifecycle } = host.status();
      if (level !== "internal" && MOVERS.includes(kind)) return err(diagnosticFault("moves", { role }));
      const ask = (step: string) => {
        asks.push({ role, step });
        news.ring();
      };
      const maintained = level !== "internal" && lifecycle !== "maintenance";
      if (maintained) host.beginMaintenance(MAINTENANCE_MS);
      const end = () => maintained && host.endMaintenance();
      gone.signal.addEventListener("abort", end, { once: true });
      try {
        const tested = await host.selfTest(level, { ask });
        if (!tested.ok && tested.error.code === "device.unsupported")
          return err(diagnosticFault("noSuchTest", { role, level }));
        return tested.ok ? answer({ record: tested.value }) : tested;
      } finally {
        gone.signal.removeEventListener("abort", end);
        end();
      }
    },
    "diagnostic.frames": async ({ role, after, waitMs }) => {
      if (!hostOf(role)) return unknown(role);
      const from = after < 0 ? tap.sequence : after;
      const { entriesAfter } = await flightFormat();
      const read = () => {
        const trace = tap.trace(role);
        return trace && { trace, found: entriesAfter(trace, from) };
      };
      let seen = read();
      if (seen && seen.found.length === 0 && waitMs > 0 && !gone.signal.aborted) {
        const timer = new AbortController();
        const stop = AbortSignal.any([gone.signal, timer.signal]);
        await Promise.race([tap.next(role, stop), clock.sleep(waitMs, stop)]);
        timer.abort();
        seen = read();
      }
      if (!seen) return unknown(role);
      const offset = clock.wall() - clock.mono();
      const missed = seen.trace.lines.some(({ forgotten }) => forgotten > from);
      const frames = seen.found.slice(0, MOST_FRAMES).map(({ at, sequence, entry }) => ({
        sequence,
        wall: at + offset,
        mono: at,
        entry,
      }));
      const last = frames.at(-1)?.sequence ?? from;
      return answer({ last, missed, wires: seen.trace.lines.map(({ name }) => name), frames });
    },
  };

  return async (name) => {
    if (!Object.hasOwn(diagnosticMethods, name)) return undefined;
    const known = name as keyof Diagnostic;
    return { method: diagnosticMethods[known], handler: handlers[known] as never };
  };
}
