import * as assert from "uvu/assert";
import type { DeviceStatus, Lifecycle } from "../../../../drivers/contract/index.ts";
import { type Clock, Emitter, systemClock } from "../../../../drivers/kit/index.ts";
import type { Devices } from "../../../../runtime/core/devices/index.ts";
import { Health } from "../../../../runtime/core/health/index.ts";
import type { Store } from "../../../../runtime/core/store/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("health");

interface Parts {
  statuses: Map<string, DeviceStatus>;
  vaultReady: boolean;
  writes: boolean;
  wall: number;
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
  const parts: Parts = { statuses: new Map(), vaultReady: true, writes: true, wall: OPEN };
  const clock: Clock = {
    ...systemClock,
    wall: () => parts.wall,
    sleep: (_ms, signal) => systemClock.sleep(10, signal),
  };
  const devices = {
    events: new Emitter<{ changed: undefined }>(),
    status: (role: string) => parts.statuses.get(role),
    get vaultReady() {
      return parts.vaultReady;
    },
  } as unknown as Devices;
  const store = {
    probe: () => (parts.writes ? Promise.resolve() : Promise.reject(new Error("full"))),
  } as Store;
  const configuration = unitConfiguration({
    roles,
    hours: {
      zone: "Asia/Hong_Kong",
      weekly: { "1": [["07:00", "23:00"]] },
      holidays: [],
      holidayYears: [2026, 2027],
    },
  });
  const health = new Health({ configuration, devices, store, clock });
  health.start();
  t.after(() => health.stop());
  return { health, parts };
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

test("the hour of opening and closing changes the screen without a touch", async (t) => {
  const { health, parts } = rigOf(t);
  await new Promise((resolve) => setTimeout(resolve, 30));
  const changed = new Promise((resolve) => health.events.on("changed", resolve));
  parts.wall = CLOSED;
  await changed;
  assert.is(health.hours().state, "closed");
});

run();
