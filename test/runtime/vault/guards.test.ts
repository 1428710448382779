import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { i2cPorts } from "../../../drivers/ports/index.ts";
import { Ina226 } from "../../../drivers/sensor/ina226/simulator.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { startVault } from "../../../runtime/vault/index.ts";
import { eventually, suite } from "../../kit.ts";
import { busOf } from "../../support/i2c.ts";
import { collect, wireRig } from "../../support/vault-wire.ts";
import { code } from "./rules.ts";

const { test, run } = suite("vault guards");
const ROLE = "power.supply";

test("on its battery a unit moves nothing, and says so; its figures go out; with the mains back it goes on", async (t) => {
  const rig = await wireRig(t);
  const path = join(rig.state, "config", "unit.json");
  const configuration = JSON.parse(readFileSync(path, "utf8")) as UnitConfiguration;
  configuration.devices.push({
    role: ROLE,
    driver: "sensor.ina226",
    bus: 1,
    address: 0x40,
    shuntMicroOhm: 10_000,
    mainsAboveV: 13.2,
    lowBelowV: 11.4,
  });
  configuration.interlocks.push(ROLE);
  writeFileSync(path, JSON.stringify(configuration));
  await rig.seed({ "ITEM-1": "1" });
  const part = new Ina226(() => rig.plant.rail(), systemClock, 0.01);
  const openPromisified = async () => busOf(0x40, part);
  const client = await rig.start((options) =>
    startVault({ ...options, ports: { ...options.ports, i2c: i2cPorts({ openPromisified }) } }),
  );
  const interlocks = async () => {
    const status = await client.call("status", {});
    return status.ok ? status.value.body.interlocks.join() : code(status);
  };
  await eventually("the mains are seen", async () => (await interlocks()) === "");
  const told: boolean[] = [];
  client.on("input", ({ role, active }) => role === ROLE && told.push(active));

  rig.plant.surroundings.setPower({ mains: false, batteryVolts: 12.1 });
  const voucher = rig.papers.voucher("ITEM-1");
  const begun = await client.call("collect.begin", { voucher });
  const refused = begun.ok ? await collect(rig, client, voucher) : code(begun);
  assert.is(refused, "vault.interlocked");
  assert.is(await interlocks(), ROLE);
  assert.is(rig.unlocks(), 0);
  await eventually("it was told", () => told.length > 0);
  assert.equal(told, [true]);
  const read = await client.call("sensor.read", {});
  assert.ok(read.ok);
  const volts = read.value.body.readings.find(({ name }) => name === "hw.voltage");
  assert.ok(volts?.role === ROLE && volts.quality === "good" && Math.abs(volts.value - 12.1) < 0.01);

  rig.plant.surroundings.setPower({ mains: true });
  await eventually("the mains are back", async () => (await interlocks()) === "");
  assert.is(await collect(rig, client, rig.papers.voucher("ITEM-1")), "taken");
});

run();
