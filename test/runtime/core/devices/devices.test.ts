import type { Server } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { DeviceStatus } from "../../../../drivers/contract/index.ts";
import { ok, systemClock } from "../../../../drivers/kit/index.ts";
import { Devices } from "../../../../runtime/core/devices/index.ts";
import {
  listenUnix,
  Peer,
  type sensesEvents,
  sensesMethods,
  type vaultEvents,
  vaultMethods,
} from "../../../../runtime/ipc/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { stateFolder } from "../../../support/office.ts";

const { test, run } = suite("devices");

const device = (role: string): DeviceStatus => ({
  role,
  class: "fingerprint",
  driver: "fingerprint.ef01",
  lifecycle: "ready",
  fitness: { state: "ok", since: 0 },
  counters: {},
});

interface Side {
  ready: boolean;
  /** What it answers when it is asked; a vault that is not ready is asked after each word of its slots. */
  interlocks: string[];
  serviceSwitch: boolean | undefined;
  connections: number;
  /** How often a vault was asked how it is. */
  asked: number;
  peers: Peer<Record<never, never>, Record<never, never>, typeof sensesEvents & typeof vaultEvents>[];
  server: Server;
  end(): void;
}

async function listen(state: string, side: "senses" | "vault"): Promise<Side> {
  const self: Side = {
    ready: true,
    interlocks: [],
    serviceSwitch: undefined,
    connections: 0,
    asked: 0,
    peers: [],
    end: () => {
      for (const peer of self.peers) peer.close();
      self.server.close();
    },
    server: await listenUnix(join(state, "run", side, "socket"), (socket) => {
      self.connections++;
      const devices = [device(side === "senses" ? "finger.front" : "lock.main")];
      const own = () => {
        const { interlocks, ready, serviceSwitch } = self;
        self.asked++;
        return {
          devices,
          slots: [],
          interlocks,
          ready,
          ...(serviceSwitch === undefined ? {} : { serviceSwitch }),
        };
      };
      const status = async () => ok({ body: side === "senses" ? { devices } : own(), parts: [] });
      const hanging = () => new Promise(() => undefined);
      self.peers.push(
        new Peer(socket, {
          remote: {},
          incoming: {},
          local: side === "senses" ? sensesMethods : vaultMethods,
          handlers: { status, "code.scan": hanging } as never,
        }),
      );
    }),
  };
  return self;
}

async function rigOf(t: TestContext) {
  const state = stateFolder(t);
  /** Ends the waits of seconds that are under way. */
  let pass = (): void => undefined;
  const sleep = async (ms: number, signal?: AbortSignal): Promise<void> => {
    if (ms < 1_000) return systemClock.sleep(ms, signal);
    await new Promise<void>((resolve) => {
      pass = resolve;
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  };
  const devices = new Devices({ ...systemClock, sleep });
  devices.start(state, ["senses", "vault"]);
  t.after(() => devices.stop());
  return { state, devices, pass: () => pass() };
}

test("it waits for processes that come later, and knows their devices", async (t) => {
  const { state, devices } = await rigOf(t);
  const gone = await devices.senses("status", {});
  assert.ok(!gone.ok && gone.error.code === "ipc.gone");
  const senses = await listen(state, "senses");
  t.after(senses.end);
  await eventually("the module is known", () => devices.status("finger.front")?.lifecycle === "ready");
  assert.not.ok(devices.connected("vault"));
});

test("a process that ends settles what was asked, takes its devices away, and is found again", async (t) => {
  const { state, devices } = await rigOf(t);
  const first = await listen(state, "senses");
  await eventually("there", () => devices.connected("senses") && devices.status("finger.front"));
  const frames: number[] = [];
  devices.onSenses("preview.frame", (_body, [jpeg]) => frames.push(jpeg?.length ?? 0));
  const scan = devices.senses("code.scan", { session: "s", userTimeMs: 60_000 });
  first.peers[0]?.emit("preview.frame", { role: "portrait" }, [Buffer.alloc(7)]);
  await eventually("a frame", () => frames.length === 1);
  const lost = new Promise((resolve) => devices.events.on("gone", resolve));
  first.end();
  const answer = await scan;
  assert.ok(!answer.ok && answer.error.code === "ipc.gone");
  assert.is(await lost, "senses");
  assert.is(devices.status("finger.front")?.lifecycle, "absent");
  const second = await listen(state, "senses");
  t.after(second.end);
  await eventually("there again", () => devices.status("finger.front")?.lifecycle === "ready");
  second.peers[0]?.emit("preview.frame", { role: "portrait" }, [Buffer.alloc(9)]);
  await eventually("listeners outlive a connection", () => frames.length === 2);
  assert.equal(frames, [7, 9]);
});

test("only the vault's own word makes it ready", async (t) => {
  const { state, devices } = await rigOf(t);
  const vault = await listen(state, "vault");
  vault.ready = false;
  t.after(vault.end);
  await eventually("there", () => devices.status("lock.main"));
  vault.interlocks = ["tamper.case"];
  vault.peers[0]?.emit("slots", { slots: [], interlocks: ["tamper.case"] });
  await eventually("its slots", () => devices.interlocks[0] === "tamper.case");
  assert.not.ok(devices.vaultReady);
  vault.ready = true;
  vault.interlocks = [];
  vault.peers[0]?.emit("slots", { slots: [], interlocks: [] });
  await eventually("ready", () => devices.vaultReady);
  for (const peer of vault.peers) peer.close();
  await eventually("not without its connection", () => !devices.vaultReady);
});

test("an interlock that ends without a word is noticed, and one that stays is told once", async (t) => {
  const { state, devices, pass } = await rigOf(t);
  const vault = await listen(state, "vault");
  t.after(vault.end);
  await eventually("ready", () => devices.vaultReady);
  vault.interlocks = ["power"];
  vault.peers[0]?.emit("slots", { slots: [], interlocks: ["power"] });
  await eventually("told", () => devices.interlocks[0] === "power");
  let changes = 0;
  devices.events.on("changed", () => changes++);
  const asked = vault.asked;
  pass();
  await eventually("asked again", () => vault.asked > asked);
  pass();
  await eventually("and again", () => vault.asked > asked + 1);
  assert.is(changes, 0);
  vault.interlocks = [];
  await eventually("ended", () => {
    pass();
    return devices.interlocks.length === 0;
  });
  assert.is(changes, 1);
});

test("the service switch is as the vault said when it was connected, and not turned without a vault", async (t) => {
  const { state, devices } = await rigOf(t);
  const heard: boolean[] = [];
  devices.events.on("connected", () => heard.push(devices.serviceSwitch));
  devices.events.on("gone", () => heard.push(devices.serviceSwitch));
  const vault = await listen(state, "vault");
  t.after(vault.end);
  vault.serviceSwitch = true;
  for (const times of [2, 4]) {
    await eventually("connected", () => heard.length === times - 1);
    vault.serviceSwitch = times === 4 ? undefined : false;
    for (const peer of vault.peers.splice(0)) peer.close();
    await eventually("gone", () => heard.length === times);
  }
  await eventually("connected", () => heard.length === 5);
  assert.equal(heard, [true, false, false, false, false]);
});

test("a process that ends every connection does not keep the core busy", async (t) => {
  const state = stateFolder(t);
  let connections = 0;
  const server = await listenUnix(join(state, "run", "senses", "socket"), (socket) => {
    connections++;
    socket.destroy();
  });
  t.after(() => server.close());
  const devices = new Devices(systemClock);
  devices.start(state, ["senses"]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await devices.stop();
  assert.ok(connections >= 2 && connections <= 10, `${connections} connections`);
});

run();
