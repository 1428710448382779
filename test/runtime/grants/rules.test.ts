import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { benchDevices } from "../../../runtime/dev/unit-plan.ts";
import {
  addressSettings,
  deviceRules,
  grantAll,
  hostsOf,
  isKnown,
  placeOf,
} from "../../../runtime/grants/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("grants");

test("a line is its process's, a bus that two hang on is both's, what nobody names is not mentioned", () => {
  const rules = deviceRules(benchDevices((role) => `/dev/serial/by-id/usb-${role}-if00-port0`)).split("\n");
  const only = (part: string) => rules.filter((rule) => rule.includes(part));
  assert.equal(only("lock.main"), [
    'SUBSYSTEM=="tty", SYMLINK=="serial/by-id/usb-lock.main-if00-port0", OWNER="guichet-vault", GROUP="guichet-vault", MODE="0660"',
  ]);
  assert.match(only("finger.front")[0] ?? "", /OWNER="guichet-senses", GROUP="guichet-senses"/);
  assert.equal(only("i2c"), [
    'SUBSYSTEM=="i2c-dev", KERNEL=="i2c-1", OWNER="guichet-senses", GROUP="guichet-vault", MODE="0660"',
  ]);
  assert.is(only("OWNER").length, 4);
});

test("a name that is more than a name to udev gives nothing away", () => {
  const [lock] = benchDevices(() => '/dev/*", RUN+="/bin/sh').filter(({ role }) => role === "lock.main");
  assert.ok(lock);
  assert.not.match(deviceRules([lock]), /OWNER|RUN/);
});

test("the core keeps its own address and gets the broker's, and whatever it had before is taken away", () => {
  assert.equal(addressSettings(["10.0.0.2", "10.0.0.1"]), [
    "IPAddressAllow=",
    "IPAddressAllow=127.0.0.1",
    "IPAddressAllow=10.0.0.1",
    "IPAddressAllow=10.0.0.2",
  ]);
});

test("the core's names are its own and the broker's", () => {
  const hosts = hostsOf({ host: "broker.example", addresses: ["fd00::2", "10.0.0.1"] });
  assert.equal(hosts.split("\n").slice(1), [
    "127.0.0.1 localhost",
    "10.0.0.1 broker.example",
    "fd00::2 broker.example",
    "",
  ]);
  assert.ok(isKnown(hosts, "broker.example"));
  for (const other of ["example", "localhost", "roker.example"]) assert.not.ok(isKnown(hosts, other), other);
  assert.not.ok(isKnown(hostsOf({ host: "broker.example", addresses: [] }), "broker.example"));
});

test("devices are given before the broker's name is looked up, which is waited for ten seconds", async () => {
  const said: string[] = [];
  const asked: number[] = [];
  const silent = new Promise<never>(() => undefined);
  const clock = {
    ...systemClock,
    sleep: async (ms: number) => {
      asked.push(ms);
    },
  };
  const { place, changed } = await grantAll({
    devices: async () => {
      said.push("devices");
      return true;
    },
    place: () => {
      said.push("lookup");
      return placeOf("broker.example", { clock, resolve: () => silent });
    },
    addresses: async ({ addresses }) => {
      said.push(`${addresses.length} addresses`);
      return false;
    },
  });
  assert.equal(said, ["devices", "lookup", "0 addresses"]);
  assert.equal(asked, [10_000]);
  assert.equal({ place, changed }, { place: { host: "broker.example", addresses: [] }, changed: true });
});

test("rules that udev does not take keep the broker's address from nobody, and are told", async () => {
  const given: string[] = [];
  const failed = await grantAll({
    devices: async () => {
      throw new Error("no udev");
    },
    place: () => placeOf("[fd00::2]"),
    addresses: async ({ addresses }) => {
      given.push(...addresses);
      return true;
    },
  }).catch((error: Error) => error.message);
  assert.equal(given, ["fd00::2"]);
  assert.is(failed, "no udev");
});

run();
