import type { Static } from "@sinclair/typebox";
import type { DeviceStatus } from "../../../drivers/contract/index.ts";
import { type Clock, Emitter, err, type Result } from "../../../drivers/kit/index.ts";
import {
  type Answer,
  connectUnix,
  ipcFault,
  Peer,
  type Slot,
  sensesEvents,
  sensesMethods,
  socketOf,
  vaultEvents,
  vaultMethods,
} from "../../ipc/index.ts";

type SensesMethods = typeof sensesMethods;
type VaultMethods = typeof vaultMethods;
type Side = "senses" | "vault";

/** A process that ends each connection at once must not keep the core busy, ms. */
const AGAIN_MS = 50;
/** The vault tells an interlock that begins, and not each that ends: while there is one it is asked again, ms. */
const INTERLOCKED_MS = 5_000;

/**
 * The core's lines to senses and vault: connected for ever, their devices' last statuses kept. A call while one of them is
 * away answers `ipc.gone`.
 */
export class Devices {
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #statuses = new Map<string, DeviceStatus & { side: Side }>();
  /** Counts what is heard, and when each device last spoke by itself. */
  #news = 0;
  readonly #said = new Map<string, number>();
  readonly #hooks: { side: Side; name: string; listener: (body: never, parts: Uint8Array[]) => void }[] = [];
  #senses: Peer<SensesMethods, typeof sensesEvents, Record<never, never>> | undefined;
  #vault: Peer<VaultMethods, typeof vaultEvents, Record<never, never>> | undefined;
  #loops: Promise<void>[] = [];
  slots: Slot[] = [];
  interlocks: string[] = [];
  vaultReady = false;
  /** Whether the service switch was turned when the vault was last asked; not without a vault. Its changes are `input` events. */
  serviceSwitch = false;
  /** The exchange that was open when the vault was connected. */
  exchange: string | undefined;
  readonly events = new Emitter<{ changed: undefined; connected: Side; gone: Side }>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.onVault("slots", ({ slots, interlocks }) => {
      this.slots = slots;
      this.interlocks = interlocks;
      if (!this.vaultReady) void this.#askVault();
      this.events.emit("changed", undefined);
    });
    this.onVault("status", ({ device }) => this.#note("vault", device));
    this.onSenses("status", ({ device }) => this.#note("senses", device));
  }

  /** @param sides a submission unit has no vault */
  start(state: string, sides: readonly Side[]): void {
    this.#loops = sides.map((side) => this.#keepConnected(side, socketOf(state, side)));
    if (sides.includes("vault")) this.#loops.push(this.#watchInterlocks());
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#senses?.close();
    this.#vault?.close();
    await Promise.all(this.#loops);
  }

  statuses = (): DeviceStatus[] => [...this.#statuses.values()].map(({ side: _, ...status }) => status);
  status = (role: string): DeviceStatus | undefined => this.#statuses.get(role);
  connected = (side: Side): boolean => (side === "senses" ? this.#senses : this.#vault)?.connected === true;

  senses<K extends keyof SensesMethods & string>(
    method: K,
    body: Static<SensesMethods[K]["request"]>,
  ): Promise<Result<Answer<Static<SensesMethods[K]["answer"]>>>> {
    return this.#senses?.call(method, body) ?? Promise.resolve(err(ipcFault("gone", { method })));
  }

  vault<K extends keyof VaultMethods & string>(
    method: K,
    body: Static<VaultMethods[K]["request"]>,
  ): Promise<Result<Answer<Static<VaultMethods[K]["answer"]>>>> {
    return this.#vault?.call(method, body) ?? Promise.resolve(err(ipcFault("gone", { method })));
  }

  /** Listens across reconnects. Returns the way to stop. */
  onSenses<K extends keyof typeof sensesEvents>(
    name: K,
    listener: (body: Static<(typeof sensesEvents)[K]>, parts: Uint8Array[]) => void,
  ): () => void {
    return this.#hook("senses", name, listener as never);
  }

  onVault<K extends keyof typeof vaultEvents>(
    name: K,
    listener: (body: Static<(typeof vaultEvents)[K]>, parts: Uint8Array[]) => void,
  ): () => void {
    return this.#hook("vault", name, listener as never);
  }

  #hook(side: Side, name: string, listener: (body: never, parts: Uint8Array[]) => void): () => void {
    const hook = { side, name, listener };
    this.#hooks.push(hook);
    return () => {
      const at = this.#hooks.indexOf(hook);
      if (at >= 0) this.#hooks.splice(at, 1);
    };
  }

  #dispatch(side: Side, name: string): (body: never, parts: Uint8Array[]) => void {
    return (body, parts) => {
      for (const hook of [...this.#hooks])
        if (hook.side === side && hook.name === name) hook.listener(body, parts);
    };
  }

  async #keepConnected(side: Side, path: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const socket = await connectUnix(path, this.#stop.signal, this.#clock);
      if (!socket) return;
      if (this.#stop.signal.aborted) return void socket.destroy();
      const peer = side === "senses" ? this.#openSenses(socket) : this.#openVault(socket);
      await (side === "senses" ? this.#askSenses() : this.#askVault());
      if (peer.connected) this.events.emit("connected", side);
      await peer.closed;
      this.#lost(side);
      await this.#clock.sleep(AGAIN_MS, this.#stop.signal);
    }
  }

  async #watchInterlocks(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#clock.sleep(INTERLOCKED_MS, this.#stop.signal);
      if (this.interlocks.length > 0 && this.connected("vault")) await this.#askVault("whenChanged");
    }
  }

  #openSenses(socket: ConstructorParameters<typeof Peer>[0]) {
    const peer = new Peer<SensesMethods, typeof sensesEvents, Record<never, never>>(socket, {
      remote: sensesMethods,
      incoming: sensesEvents,
    });
    for (const name of Object.keys(sensesEvents) as (keyof typeof sensesEvents)[])
      peer.on(name, this.#dispatch("senses", name) as never);
    this.#senses = peer;
    return peer;
  }

  #openVault(socket: ConstructorParameters<typeof Peer>[0]) {
    const peer = new Peer<VaultMethods, typeof vaultEvents, Record<never, never>>(socket, {
      remote: vaultMethods,
      incoming: vaultEvents,
    });
    for (const name of Object.keys(vaultEvents) as (keyof typeof vaultEvents)[])
      peer.on(name, this.#dispatch("vault", name) as never);
    this.#vault = peer;
    return peer;
  }

  async #askSenses(): Promise<void> {
    const asked = ++this.#news;
    const answer = await this.senses("status", {});
    if (!answer.ok) return;
    for (const device of answer.value.body.devices) this.#noteAsOf(asked, "senses", device);
    this.events.emit("changed", undefined);
  }

  /** Only the vault itself says that it is ready; it tells its slots anew when it becomes so. */
  async #askVault(tell?: "whenChanged"): Promise<void> {
    const asked = ++this.#news;
    const answer = await this.vault("status", {});
    if (!answer.ok) return;
    const { devices, slots, interlocks, exchange, serviceSwitch, ready } = answer.value.body;
    const same = ready === this.vaultReady && interlocks.join() === this.interlocks.join();
    for (const device of devices) this.#noteAsOf(asked, "vault", device);
    this.slots = slots;
    this.interlocks = interlocks;
    this.vaultReady = ready;
    this.serviceSwitch = serviceSwitch === true;
    if (tell === undefined) this.exchange = exchange;
    if (!(tell === "whenChanged" && same)) this.events.emit("changed", undefined);
  }

  /** An answer may have been overtaken by what a device said meanwhile: the later word stands. */
  #noteAsOf(asked: number, side: Side, device: DeviceStatus): void {
    if ((this.#said.get(device.role) ?? 0) < asked) this.#statuses.set(device.role, { ...device, side });
  }

  #note(side: Side, device: DeviceStatus): void {
    this.#said.set(device.role, ++this.#news);
    this.#statuses.set(device.role, { ...device, side });
    this.events.emit("changed", undefined);
  }

  #lost(side: Side): void {
    for (const [role, status] of this.#statuses) {
      if (status.side === side) this.#statuses.set(role, { ...status, lifecycle: "absent" });
    }
    if (side === "vault") {
      this.vaultReady = false;
      this.interlocks = [];
      this.exchange = undefined;
      this.serviceSwitch = false;
    }
    this.events.emit("gone", side);
    this.events.emit("changed", undefined);
  }
}
