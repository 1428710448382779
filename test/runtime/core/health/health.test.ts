import * as assert from "uvu/assert";
import type { DeviceStatus, Lifecycle } from "../../../../drivers/contract/index.ts";
import { type Clock, defer, Emitter, type Fault, systemClock } from "../../../../drivers/kit/index.ts";
import { storeFault } from "../../../../drivers/store/index.ts";
import type { Devices } from "../../../../runtime/core/devices/index.ts";
import { Health, LEAST_FREE } from "../../../../runtime/core/health/index.ts";
import type { Store } from "../../../../runtime/core/store/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("health");

interface Parts {
  statuses: Map<string, DeviceStatus>;
  vaultReady: boolean;
  writes: boolean;
  free: number;
  wall: number;
  mono: number;
  probes: number;
  interlocks: string[];
}

const status = (role: string, lifecycle: Lifecycle, grade = "verification", state: "ok" | "failed" = "ok") =>
  ({
    role,
    class: "fingerprint",
    driver: "fingerprint.ef01",
    lifecycle,
    fitness: { state, since: 0 },
    capabilities: { grade },
    counters: {},
  }) satisfies DeviceStatus;

/** Monday noon in Hong Kong. */
const OPEN = Date.parse("2026-11-23T12:00:00+08:00");
const CLOSED = Date.parse("2026-11-23T23:30:00+08:00");

function rigOf(t: TestContext, roles: ("submission" | "collection")[] = ["submission", "collection"]) {
  const parts: Parts = {
    statuses: new Map(),
    vaultReady: true,
    writes: true,
    free: 1e9,
    wall: OPEN,
    mono: 0,
    probes: 0,
    interlocks: [],
  };
  const clock: Clock = {
    ...systemClock,
    wall: () => parts.wall,
    mono: () => parts.mono,
    sleep: (_ms, signal) => systemClock.sleep(10, signal),
  };
  const devices = {
    events: new Emitter<{ changed: undefined }>(),
    status: (role: string) => parts.statuses.get(role),
    get interlocks() {
      return parts.interlocks;
    },
    get vaultReady() {
      return parts.vaultReady;
    },
  } as unknown as Devices;
  const failed = defer<Fault>();
  const store = {
    probe: () => (parts.writes ? Promise.resolve() : Promise.reject(new Error("full"))),
    failed: failed.promise,
  } as Store;
  const free = async () => {
    parts.probes++;
    return parts.free;
  };
  const configuration = unitConfiguration({
    roles,
    interlocks: ["tamper.case", "power"],
    hours: {
      zone: "Asia/Hong_Kong",
      weekly: { "1": [["07:00", "23:00"]] },
      holidays: [],
      holidayYears: [2026, 2027],
    },
  });
  const health = new Health({ configuration, devices, store, clock, free });
  health.start();
  t.after(() => health.stop());
  return { health, parts, failed };
}

const needs = {
  role: "submission" as const,
  devices: [{ role: "finger.front", grade: "verification" as const }],
};

test("a service is offered only when every device that it needs is ready, fit and good enough", (t) => {
  const { health, parts } = rigOf(t);
  const missing = (one?: DeviceStatus) => {
    parts.statuses.clear();
    if (one) parts.statuses.set(one.role, one);
    return health.offers(needs).missing;
  };
  assert.equal(missing(), ["device.finger.front"]);
  for (const lifecycle of ["absent", "opening", "recovering", "faulted", "misbound", "maintenance"] as const)
    assert.equal(missing(status("finger.front", lifecycle)), ["device.finger.front"], lifecycle);
  assert.equal(missing(status("finger.front", "ready", "verification", "failed")), ["device.finger.front"]);
  assert.equal(missing(status("finger.front", "ready", "demonstration")), ["grade.finger.front"]);
  assert.equal(missing(status("finger.front", "ready", "something else")), ["grade.finger.front"]);
  for (const grade of ["verification", "issuance"])
    assert.equal(missing(status("finger.front", "ready", grade)), []);
  assert.equal(missing(status("finger.front", "busy")), []);
  assert.ok(health.offers(needs).offered);
});

test("collection needs the vault, and a unit offers only its own roles", (t) => {
  const { health, parts } = rigOf(t, ["collection"]);
  const collection = { role: "collection" as const, devices: [] };
  assert.equal(health.offers(collection).missing, []);
  parts.vaultReady = false;
  assert.equal(health.offers(collection).missing, ["vault"]);
  assert.equal(health.offers({ role: "submission", devices: [] }).missing, ["role"]);
});

test("what has the vault refuse every hand-over closes the collection, and neither submissions nor the staff's exchange", (t) => {
  const { health, parts } = rigOf(t);
  const missing = (role: "submission" | "collection", always = false) =>
    health.offers({ role, devices: [], always }).missing;
  parts.statuses.set("tamper.case", status("tamper.case", "ready"));
  assert.equal(missing("collection"), []);
  parts.interlocks = ["tamper.case"];
  assert.equal(missing("collection"), ["interlock.tamper.case"]);
  assert.equal(missing("collection", true), []);
  assert.equal(missing("submission"), []);
  // An input that is away cannot be read, which forbids motion too.
  parts.statuses.set("power", status("power", "recovering"));
  assert.equal(missing("collection"), ["interlock.tamper.case", "interlock.power"]);
  parts.interlocks = [];
  parts.statuses.set("power", status("power", "busy"));
  assert.equal(missing("collection"), []);
});

test("hours close it for the public, not for staff", (t) => {
  const { health, parts } = rigOf(t);
  parts.wall = CLOSED;
  assert.equal(health.offers({ role: "submission", devices: [] }).missing, ["hours.closed"]);
  assert.equal(health.offers({ role: "collection", devices: [], always: true }).missing, []);
});

test("a store that cannot commit closes the unit, and says so by itself", async (t) => {
  const { health, parts } = rigOf(t);
  let changes = 0;
  health.events.on("changed", () => changes++);
  const submission = { role: "submission" as const, devices: [] };
  parts.writes = false;
  await eventually("closed", () => health.offers(submission).missing.includes("store"));
  assert.is(changes, 1);
  parts.writes = true;
  await eventually("open again", () => health.offers(submission).offered);
  assert.is(changes, 2);
});

test("below the least free space nothing is taken in, and what is here is still handed out", async (t) => {
  const { health, parts } = rigOf(t);
  const submission = { role: "submission" as const, devices: [] };
  parts.free = LEAST_FREE - 1;
  await eventually("closed", () => health.offers(submission).missing.includes("space"));
  assert.equal(health.offers({ role: "collection", devices: [] }).missing, []);
  parts.free = LEAST_FREE;
  await eventually("open again", () => health.offers(submission).offered);
});

test("a store that has died ends the process after a while: the person before the screen is let finish, not for ever", async (t) => {
  const { health, parts, failed } = rigOf(t);
  const at = async (mono: number) => {
    parts.mono = mono;
    const before = parts.probes;
    // The probes go on, and refuse: that alone is no reason. The second one began at this time.
    await eventually("probed", () => parts.probes >= before + 2);
    return { atRest: health.alive(), inVisit: health.alive(true) };
  };
  parts.writes = false;
  assert.equal(await at(60_000), { atRest: true, inVisit: true });
  failed.resolve(storeFault("dead"));
  await failed.promise;
  assert.equal(await at(61_000), { atRest: true, inVisit: true });
  assert.equal(await at(90_000), { atRest: false, inVisit: true });
  assert.equal(await at(659_999), { atRest: false, inVisit: true });
  assert.equal(await at(660_000), { atRest: false, inVisit: false });
});

test("the hour of opening and closing changes the screen without a touch", async (t) => {
  const { health, parts } = rigOf(t);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const changed = new Promise((resolve) => health.events.on("changed", resolve));
  parts.wall = CLOSED;
  await changed;
  assert.is(health.hours().state, "closed");
});

run();
