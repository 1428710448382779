import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { type Got, RIGHTS, violations } from "./judge.ts";

const { test, run } = suite("what a hostile process may have got");

const NOTHING: Got = {
  files: [],
  written: [],
  sockets: [],
  devices: [],
  addresses: [],
  processes: [],
  privileges: [],
};
const BROKER = "10.0.2.2:8883";

test("its own is no violation, all else is", () => {
  const own: Got = {
    ...NOTHING,
    files: [
      "/var/lib/guichet/config.d/3/unit.json",
      "/var/lib/guichet/store/store.db",
      "/var/lib/guichet/keys/tls.key",
    ],
    written: ["/var/lib/guichet/store", "/run/guichet/faults/core"],
    sockets: ["/run/guichet/vault/socket"],
    addresses: [BROKER],
    privileges: ["executable memory"],
  };
  assert.equal(violations("core", own, BROKER), []);
  const stolen: [keyof Got, string][] = [
    ["files", "/var/lib/guichet/vault/ledger.db"],
    ["files", "/etc/shadow"],
    ["written", "/var/lib/guichet/keys"],
    ["written", "/usr/lib/guichet"],
    ["sockets", "/run/guichet/stick.sock"],
    ["devices", "/dev/ttyUSB0"],
    ["addresses", "10.0.2.3:53"],
    ["processes", "/usr/bin/node /usr/lib/guichet/vault.cjs"],
    ["privileges", "namespace"],
  ];
  for (const [list, what] of stolen)
    assert.equal(violations("core", { ...own, [list]: [...own[list], what] }, BROKER), [`${list}: ${what}`]);
});

test("nobody but the core has an address, and nobody the ledger but the vault", () => {
  for (const unit of Object.keys(RIGHTS)) {
    const got = { ...NOTHING, addresses: [BROKER], files: ["/var/lib/guichet/vault/ledger.db"] };
    const wrong = violations(unit, got, BROKER);
    assert.is(wrong.includes(`addresses: ${BROKER}`), unit !== "core", unit);
    assert.is(
      wrong.some((one) => one.includes("ledger")),
      unit !== "vault",
      unit,
    );
  }
});

run();
