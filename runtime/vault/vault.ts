import { join } from "node:path";
import { Readings } from "../../drivers/host/index.ts";
import {
  type Clock,
  err,
  isFault,
  Mutex,
  ok,
  type Result,
  shared,
  systemClock,
} from "../../drivers/kit/index.ts";
import type { Ports } from "../../drivers/ports/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { Diagnostics } from "../diagnostics/index.ts";
import {
  type Handlers,
  listenUnix,
  Peer,
  type Running,
  type Slot,
  socketOf,
  type vaultEvents,
  vaultMethods,
} from "../ipc/index.ts";
import { type Boot, thisBoot } from "./boot.ts";
import { settleCardEffect, watchLeftovers } from "./card-recovery.ts";
import { Collection } from "./collection.ts";
import { makeDevices } from "./devices.ts";
import { Dispensers } from "./dispensers.ts";
import { Exchange } from "./exchange.ts";
import { log, vaultFault } from "./faults.ts";
import { readable } from "./guards.ts";
import { declareInterlocks, Interlocks } from "./interlocks.ts";
import { Latches } from "./latches.ts";
import { Ledger } from "./ledger.ts";
import { Locks } from "./locks.ts";
import type { MotionContext } from "./motion.ts";
import { Papers } from "./papers.ts";
import { mayStay } from "./pins.ts";
import { placeOf } from "./places.ts";
import { settleOpenEffects, watchPresented } from "./recovery.ts";
import { Refusals } from "./refusals.ts";
import { checkJournal, checkVerification } from "./self-check.ts";
import { tokenMint } from "./tokens.ts";

export interface VaultOptions {
  /** State folder of the unit. */
  state: string;
  ports: Ports;
  clock?: Clock;
  /** Ends the process: a driver holds its device beyond its time. Without it the device is tried anew. */
  onWedged?: (role: string) => void;
  /** Named steps of a motion; production passes none. */
  step?: (name: string) => void;
  limits?: NonNullable<MotionContext["limits"]>;
  /** Found out when left out. */
  boot?: Boot;
  /** For the proof that the crash harness has teeth; production never sets it. */
  synchronousForMutant?: "NORMAL";
}

type VaultPeer = Peer<Record<never, never>, Record<never, never>, typeof vaultEvents>;

/**
 * Starts the vault: ledger, devices, the settlement of what was under way, then the socket on which it takes requests. It
 * needs nobody else and outlives the core.
 * @throws Fault of the configuration or the store; the unit then stays out of service
 */
export async function startVault(options: VaultOptions): Promise<Running> {
  const clock = options.clock ?? systemClock;
  const configuration = await readConfiguration(options.state);
  if (!configuration.ok) throw configuration.error;
  const config = configuration.value;
  const { mint, redeem, retire } = tokenMint();
  const compartments = config.slots.filter((place) => "lock" in place);
  const magazines = config.slots.filter((place) => "dispenser" in place);
  const boot = options.boot ?? (await thisBoot(options.state, { battery: config.clockBattery === true }));
  const mutant = options.synchronousForMutant;
  const ledger = await Ledger.open(join(options.state, "vault", "ledger.db"), {
    clock,
    mint,
    slots: compartments.map((place) => placeOf(place, config.devices)),
    magazines,
    boot,
    ...(mutant ? { synchronousForMutant: mutant } : {}),
  });

  const latches = await Latches.open(
    ledger,
    config.devices.filter((device) => "latched" in device && device.latched).map(({ role }) => role),
  );
  const peers = new Set<VaultPeer>();
  const everyone = (tell: (peer: VaultPeer) => void): void => {
    for (const peer of peers) tell(peer);
  };
  /** Once at a time: a contact that is loose makes twenty edges a second, and each of them asks for this. */
  const tellSlots = shared(async (): Promise<void> => {
    if (peers.size === 0) return;
    try {
      const state = { slots: await slots(), interlocks: await interlocks.active() };
      everyone((peer) => peer.emit("slots", state));
    } catch (error) {
      if (!isFault(error)) throw error; // a ledger that died or was closed says so elsewhere
    }
  });
  const tellInput = (role: string, state: "active" | "inactive"): void =>
    everyone((peer) => peer.emit("input", { role, active: state === "active" }));
  const diagnostics = new Diagnostics({
    clock,
    state: options.state,
    process: "vault",
    devices: () => devices.all(),
  });
  const interlocks = new Interlocks(
    declareInterlocks(config.devices, config.interlocks, config.serviceSwitch),
    latches,
  );
  const devices = await makeDevices({
    configured: config.devices,
    interlocks: interlocks.board,
    onLevel: (role, state) => {
      interlocks.note(role, state);
      // A switch that was turned back while its board was away made no edge.
      if (role === config.serviceSwitch && state === "inactive") tellInput(role, state);
    },
    ports: options.ports,
    clock,
    redeem,
    tap: diagnostics.tap,
    onWedged: (role) => diagnostics.wedged(role, options.onWedged),
    onStatus: (device) => {
      diagnostics.status(device);
      interlocks.noteStatus(device);
      everyone((peer) => peer.emit("status", { device }));
    },
    onInput: (role, state) => {
      interlocks.note(role, state);
      tellInput(role, state);
      void tellSlots();
    },
  });

  const locks = new Locks(devices.locks, compartments, clock);
  const dispensers = new Dispensers(devices.dispensers, magazines, clock);
  const readings = new Readings(devices.guards.map(readable));
  const stopping = new AbortController();
  const motion: MotionContext = {
    ledger,
    locks,
    dispensers,
    clock,
    step: options.step ?? (() => undefined),
    stopping: stopping.signal,
    retire,
    ...(options.limits ? { limits: options.limits } : {}),
  };
  const papers = new Papers({
    unit: config.unit,
    keys: config.centre.keys,
    sensesKeyPath: join(options.state, "attestation", "senses.pub.json"),
    clock,
  });

  /** Role of what moves the item of a slot; those of a magazine are `M1-03`. */
  const deviceOf = (slot: string): string | undefined => {
    const place = config.slots.find((one) => one.slot === slot || slot.startsWith(`${one.slot}-`));
    return place && ("lock" in place ? place.lock : place.dispenser);
  };

  const { serviceSwitch } = config;
  let settled = false;
  const ready = (): Result<void> => (settled ? ok(undefined) : err(vaultFault("notReady")));
  const exchange = new Exchange({
    motion,
    papers,
    interlocks,
    lights: devices.lights,
    ready: () => (collection.anyBusy() ? err(vaultFault("slotBusy")) : ready()),
    staffHere: serviceSwitch ? () => interlocks.seenActive(serviceSwitch) : undefined,
    onEvent: (event) => {
      if (event.phase === "unknown") diagnostics.unknownOutcome(deviceOf(event.slot));
      everyone((peer) => peer.emit("exchange", event));
      void tellSlots();
    },
  });
  const collection = new Collection({
    motion,
    papers,
    interlocks,
    gate: () => (exchange.current ? err(vaultFault("exchangeOpen")) : ready()),
    onHandover: (handover) => {
      if (handover.outcome === "unknown") diagnostics.unknownOutcome(deviceOf(handover.slot));
      everyone((peer) => peer.emit("handover", handover));
      if (handover.phase === "done") void tellSlots();
    },
  });

  async function slots(): Promise<Slot[]> {
    const [rows, states] = await Promise.all([ledger.slots(), locks.lookAll()]);
    // Of a magazine only the places in use are told: it has many.
    const told = rows.filter((row) => !row.magazine || row.state !== "empty");
    return told.map((row) => ({
      slot: row.slot,
      state: row.state,
      ...(row.item_hash ? { itemHash: row.item_hash } : {}),
      latch: states.get(row.slot)?.latch ?? (row.magazine ? "locked" : "unknown"),
      item: states.get(row.slot)?.item ?? "unknown",
      ...(row.effect ? { effect: row.effect } : {}),
    }));
  }

  const answer = <T>(result: Result<T>) => (result.ok ? ok({ body: result.value, parts: [] }) : result);
  const refusals = new Refusals(ledger, clock);
  /** One request that may lead to a motion at a time, until it is accepted or refused, which is journalled. */
  const admission = new Mutex();
  const judged = async <T>(method: string, job: () => Promise<Result<T>>) => {
    const result = await admission.run(job);
    if (!result.ok) await refusals.note(method, result.error.code);
    return answer(result);
  };

  const handlers: Handlers<typeof vaultMethods> = {
    status: async () =>
      answer(
        ok({
          devices: devices.all().map((device) => device.status()),
          slots: await slots(),
          ...(magazines.length > 0 ? await ledger.stock() : {}),
          interlocks: await interlocks.active(),
          ...(exchange.current ? { exchange: exchange.current } : {}),
          ...(serviceSwitch ? { serviceSwitch: await interlocks.seenActive(serviceSwitch) } : {}),
          ready: settled,
        }),
      ),
    "sensor.read": async () => ok({ body: { readings: await readings.read() }, parts: [] }),
    "collect.begin": ({ voucher }) => judged("collect.begin", () => collection.begin(voucher)),
    "collect.release": (request) => judged("collect.release", () => collection.release(request)),
    "collect.outcome": async ({ command }) => {
      const handover = await collection.outcome(command);
      return answer(ok(handover ? { handover } : {}));
    },
    "exchange.begin": ({ credentials }) => judged("exchange.begin", () => exchange.begin(credentials)),
    "exchange.load": (request) => judged("exchange.load", () => exchange.load(request)),
    "exchange.unload": (request) => judged("exchange.unload", () => exchange.unload(request)),
    "exchange.fill": (request) => judged("exchange.fill", () => exchange.fill(request)),
    "exchange.emptyBin": (request) => judged("exchange.emptyBin", () => exchange.emptyBin(request)),
    "exchange.end": ({ exchange: id }) => judged("exchange.end", () => exchange.end(id)),
    settle: ({ settlement }) => judged("settle", () => settle(settlement)),
    "journal.read": async ({ after }) => answer(ok({ rows: await ledger.readJournal(after) })),
  };

  async function settle(jws: string): Promise<Result<Record<string, never>>> {
    // What is still open gets its outcome first: it may be of the very slot that somebody has looked at.
    const recovered = ready();
    if (!recovered.ok) return recovered;
    const settlement = papers.settlement(jws);
    if (!settlement.ok) return settlement;
    const { slot: place, effect, operator } = settlement.value;
    if (latches.has(place)) {
      // A loop that is open now would raise the same alarm again.
      if (await interlocks.activeNow(place)) return err(vaultFault("interlocked", { by: place }));
      if (!(await latches.clear(place, effect, operator))) return err(vaultFault("nothingToSettle"));
      void tellSlots();
      return ok({});
    }
    const row = (await ledger.slots()).find((slot) => slot.slot === settlement.value.slot);
    const waits =
      row && (row.state === "unknown" || row.state === "presented") && row.effect === settlement.value.effect;
    if (!row || !waits || collection.busy(row.slot) || exchange.busy(row.slot))
      return err(vaultFault("nothingToSettle"));
    if (settlement.value.finding === "notMoved" && !mayStay(row)) return err(vaultFault("nothingKnown"));
    await ledger.settle(row, settlement.value.finding, settlement.value.operator);
    void tellSlots();
    return ok({});
  }

  interlocks.begin(devices.inputs, () => exchange.current !== undefined);
  ledger.onJournal = (seq) => everyone((peer) => peer.emit("journal", { seq }));
  for (const device of devices.all()) device.start();
  const server = await listenUnix(socketOf(options.state, "vault"), (socket) => {
    const peer: VaultPeer = new Peer(socket, {
      remote: {},
      incoming: {},
      local: vaultMethods,
      handlers: handlers as never,
      more: diagnostics.methods(() => peer.closed),
    });
    peers.add(peer);
    void peer.closed.then(() => peers.delete(peer));
  });

  const settling = (async () => {
    await ledger.closeAllExchanges();
    const open = await settleOpenEffects({ ...motion, boot }, async (row) => {
      const magazine = dispensers.magazine(row.slot);
      return magazine && settleCardEffect(motion, row, magazine);
    });
    settled = true;
    log("ready", { open, slots: config.slots.length });
    void tellSlots();
    checkVerification(clock, stopping.signal).catch(endProcess);
    checkJournal(ledger, clock, stopping.signal).catch(endProcess);
    const shared = {
      staff: async () => exchange.current !== undefined || (await interlocks.activeForPublic()).length > 0,
      busy: (slot: string) => collection.busy(slot) || exchange.busy(slot),
      inTurn: <T>(job: () => Promise<T>) => admission.run(job),
      onChange: () => void tellSlots(),
    };
    await Promise.all([
      watchPresented({ ledger, locks, clock, ...shared }, stopping.signal),
      magazines.length > 0 && watchLeftovers({ context: motion, ...shared }, stopping.signal),
    ]);
  })();
  // A ledger that cannot be settled or has died must not move anything: the process ends and is started anew.
  settling.catch(endProcess);
  void ledger.failed.then(endProcess);

  function endProcess(error: unknown): void {
    if (stopping.signal.aborted) return;
    log("refused", { method: "vault", reason: isFault(error) ? error.code : "internal" });
    process.exit(70);
  }

  return {
    healthy: diagnostics.healthy,
    stop: async () => {
      stopping.abort();
      server.close();
      for (const peer of peers) peer.close();
      await Promise.all([collection.idle(), exchange.idle()]);
      await Promise.all(devices.all().map((device) => device.stop()));
      await diagnostics.stop();
      await settling.catch(() => undefined);
      await ledger.close();
    },
  };
}
