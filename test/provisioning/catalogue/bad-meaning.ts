import { generateKeyPairSync } from "node:crypto";
import { COUNTER_LEAP } from "../../../provisioning/bundle/index.ts";
import { BOOTSTRAP, CLAIM, certificate, IDENTITY, NONCE, signed, TLS } from "../../support/bundles.ts";
import { unitConfiguration } from "../../support/unit.ts";
import type { Bad } from "./bad.ts";
import {
  contentFor,
  forge,
  HAS,
  type Json,
  manifestOf,
  NEXT,
  owner,
  signersOf,
  spoilt,
  withFiles,
} from "./forge.ts";

/** Seconds since the epoch that the unit of the catalogue is sure of. */
export const NOW = 1_800_000_000;

const target = (name: string, of: unknown, code = "bundle.notForThisUnit"): Bad => ({
  name: `wrong target: ${name}`,
  make: () => spoilt("configuration", { target: of }),
  code,
});
const counter = (name: string, of: unknown, code: string): Bad => ({
  name,
  make: () => spoilt("configuration", { counter: of }),
  code,
  ...(code === "schema.invalid" ? { at: "/counter" } : {}),
});
const unitFile = (name: string, change: Json, code: string, at?: string): Bad => ({
  name: `configuration: ${name}`,
  make: () =>
    withFiles("configuration", { "unit.json": JSON.stringify({ ...unitConfiguration(), ...change }) }),
  code,
  ...(at ? { at } : {}),
});
const board = (role: string, number: number): Json => ({
  role,
  driver: "lock.kerong",
  port: { path: "/dev/serial/locks", baudRate: 19_200 },
  board: number,
  compartments: 2,
  lockedBit: 1,
  pulseMs: 200,
});
/** A board with two slots and a dispenser, and what a change of the slots, or more devices, make of them. */
const wired = (name: string, change: (slots: Json[]) => unknown[], at: string, more: Json[] = []): Bad => {
  const port = { path: "/dev/serial/dispenser", baudRate: 19_200 };
  const dispenser = { role: "dispenser.main", driver: "dispenser.crt591", profile: "m001", address: 0, port };
  const slots = ["A1", "A2"].map((slot, compartment) => ({ slot, lock: "lock.main", compartment }));
  const devices = [board("lock.main", 0), dispenser, ...more];
  return unitFile(name, { devices, slots: change(slots) }, "bundle.contradictory", at);
};
const claim = (name: string, change: Json, code: string, at?: string): Bad => ({
  name: `claim: ${name}`,
  make: () => withFiles("claim", { "claim.json": JSON.stringify({ ...CLAIM, ...change }) }),
  code,
  ...(at ? { at } : {}),
});
const bootstrap = (name: string, change: Json, code: string, at?: string): Bad => ({
  name: `claim: ${name}`,
  make: () =>
    withFiles("claim", {
      "bootstrap.json": JSON.stringify({ ...BOOTSTRAP, ...change }),
      "claim.json": JSON.stringify(CLAIM),
    }),
  code,
  ...(at ? { at } : {}),
});
const command = (name: string, change: Json, code: string, without: string[] = [], at?: string): Bad => ({
  name: `destructive: ${name}`,
  make: () => spoilt("command", change, without),
  code,
  ...(at ? { at } : {}),
});

/** Head of one good bundle, contents of another. */
function mixed(): Buffer {
  const one = contentFor("content", { id: "one" });
  const other = contentFor("content", {
    files: [{ path: "services/demo/service.json", bytes: Buffer.from("[]") }],
  });
  return forge(
    "content",
    manifestOf(one),
    other.files.map(({ bytes }) => bytes),
  );
}

function swapped(): Buffer {
  const of = contentFor("content", {
    files: ["a", "b"].map((name) => ({ path: `services/${name}`, bytes: Buffer.from(name) })),
  });
  return forge("content", manifestOf(of), of.files.map(({ bytes }) => bytes).reverse());
}

export const MEANING: Bad[] = [
  target("another unit", { unit: "kt-02" }),
  target("another site", { site: "elsewhere" }),
  target("a group that it is not in", { group: "west" }),
  target("another board", { device: "board-8" }),
  target("its site's name as a unit's", { unit: CLAIM.site }),
  target("its own name as a site's", { site: CLAIM.unit }),
  target("its site's name as a group's", { group: CLAIM.site }),
  target("its name as a board's", { device: CLAIM.unit }),
  target("its board's number as a unit's", { unit: IDENTITY.device }),
  target("the beginning of its name", { unit: "kt-0" }),
  target("its name in capitals", { unit: "KT-01" }, "schema.invalid"),
  target("nobody", {}, "schema.invalid"),
  target("two at once", { unit: CLAIM.unit, site: "elsewhere" }, "schema.invalid"),
  target("not all", { all: false }, "schema.invalid"),
  target("a pattern", { unit: "kt-*" }, "schema.invalid"),
  target("a list", [{ unit: CLAIM.unit }], "schema.invalid"),
  target("a way of naming that there is not", { fleet: "north" }, "schema.invalid"),
  {
    name: "wrong hardware: another board",
    make: () => spoilt("configuration", { hardware: ["rpi3", "rpi5"] }),
    code: "bundle.wrongHardware",
  },
  {
    name: "wrong hardware: the beginning of its name",
    make: () => spoilt("software", { hardware: ["rpi"] }),
    code: "bundle.wrongHardware",
  },
  {
    name: "wrong hardware: none",
    make: () => spoilt("configuration", { hardware: [] }),
    code: "schema.invalid",
    at: "/hardware",
  },
  {
    name: "wrong hardware: one text in place of a list",
    make: () => spoilt("configuration", { hardware: "rpi4" }),
    code: "schema.invalid",
    at: "/hardware",
  },
  counter("rollback: the counter that the unit has", HAS, "bundle.older"),
  counter("rollback: a lower counter", HAS - 1, "bundle.older"),
  counter("rollback: the first counter of all", 1, "bundle.older"),
  counter("rollback: counter zero", 0, "schema.invalid"),
  counter("rollback: a counter below zero", -1, "schema.invalid"),
  counter("rollback: half a counter", NEXT + 0.5, "schema.invalid"),
  counter("rollback: a counter in words", String(NEXT), "schema.invalid"),
  counter("fast-forward: the highest counter", 2_147_483_647, "bundle.leap"),
  counter("fast-forward: one more than a leap may be", HAS + COUNTER_LEAP + 1, "bundle.leap"),
  counter("fast-forward: a counter that wraps", 2 ** 32 + 1, "schema.invalid"),
  {
    name: "rollback: no counter",
    make: () => spoilt("configuration", {}, ["counter"]),
    code: "schema.invalid",
  },
  {
    name: "arbitrary installation: software, signed and whole, which no unit installs",
    make: () => spoilt("software", {}),
    code: "bundle.notInstallable",
  },
  ...(["claim", "content", "certificates", "command"] as const).map((kind) => ({
    name: `rollback: ${kind} with the counter that the unit has`,
    make: () => spoilt(kind, { counter: HAS }),
    code: "bundle.older",
  })),
  {
    name: "freeze: its date has passed",
    make: () => spoilt("configuration", { exp: NOW - 1 }),
    code: "bundle.expired",
  },
  {
    name: "freeze: its date was long ago",
    make: () => spoilt("command", { exp: 1 }),
    code: "bundle.expired",
  },
  {
    name: "freeze: a date in words",
    make: () => spoilt("configuration", { exp: "never" }),
    code: "schema.invalid",
    at: "/exp",
  },
  {
    name: "freeze: a date below zero",
    make: () => spoilt("configuration", { exp: -1 }),
    code: "schema.invalid",
    at: "/exp",
  },
  command("the nonce of another unit", { nonce: "m".repeat(22) }, "bundle.wrongNonce"),
  command("a nonce that differs in its last letter", { nonce: `${NONCE.slice(1)}o` }, "bundle.wrongNonce"),
  command("no nonce", {}, "schema.invalid", ["nonce"]),
  command("an empty nonce", { nonce: "" }, "schema.invalid", [], "/nonce"),
  command("a nonce that is too short", { nonce: NONCE.slice(1) }, "schema.invalid", [], "/nonce"),
  command("a command that there is not", { command: "open" }, "schema.invalid", [], "/command"),
  command("no command", {}, "schema.invalid", ["command"]),
  command(
    "for all units, with another's nonce",
    { target: { all: true }, nonce: "m".repeat(22) },
    "bundle.wrongNonce",
  ),
  {
    name: "mix and match: needs services that are not there",
    make: () => spoilt("configuration", { requires: { content: NEXT } }),
    code: "bundle.requires",
  },
  {
    name: "mix and match: needs a later key set",
    make: () => spoilt("configuration", { requires: { keys: 2 } }),
    code: "bundle.requires",
  },
  {
    name: "mix and match: what it needs lies beside it, but is not good",
    make: () => [
      spoilt("configuration", { requires: { content: NEXT } }),
      spoilt("content", { target: { unit: "kt-02" } }),
    ],
    code: "bundle.requires",
  },
  {
    name: "mix and match: what it needs needs something else",
    make: () => [
      spoilt("configuration", { requires: { content: NEXT } }),
      spoilt("content", { requires: { certificates: NEXT } }),
    ],
    code: "bundle.requires",
  },
  {
    name: "mix and match: needs a kind that there is not",
    make: () => spoilt("configuration", { requires: { colour: 1 } }),
    code: "schema.invalid",
  },
  {
    name: "mix and match: needs less than nothing",
    make: () => spoilt("configuration", { requires: { content: 0 } }),
    code: "schema.invalid",
    at: "/requires/content",
  },
  { name: "mixed bundles: the head of one, the contents of another", make: mixed, code: "bundle.damaged" },
  { name: "mixed bundles: two contents exchanged", make: swapped, code: "bundle.damaged" },
  {
    name: "partial bundle: a service that the configuration offers is not there",
    make: () => [
      withFiles("configuration", {
        "unit.json": JSON.stringify({ ...unitConfiguration(), services: ["absent"] }),
      }),
      signed(owner, contentFor("content"), signersOf("content")),
    ],
    code: "bundle.missingFile",
  },
  {
    name: "configuration: not JSON",
    make: () => withFiles("configuration", { "unit.json": "unit = kt-01" }),
    code: "schema.invalid",
  },
  {
    name: "configuration: empty",
    make: () => withFiles("configuration", { "unit.json": "" }),
    code: "schema.invalid",
  },
  unitFile("another unit's", { unit: "kt-02" }, "bundle.notForThisUnit"),
  unitFile("another site's", { site: "elsewhere" }, "bundle.notForThisUnit"),
  unitFile(
    "a driver that there is not",
    { devices: [{ role: "lock.main", driver: "lock.magic" }] },
    "schema.invalid",
  ),
  unitFile(
    "a device with half of its settings",
    { devices: [{ role: "lock.main", driver: "lock.kerong" }] },
    "schema.invalid",
  ),
  wired("two slots of one name", (slots) => [...slots, { ...slots[1], slot: "A1" }], "/slots/2/slot"),
  wired(
    "a compartment and a magazine of one name",
    (slots) => [...slots, { slot: "A1", dispenser: "dispenser.main", magazine: 0, capacity: 5 }],
    "/slots/2/slot",
  ),
  wired("two slots behind one door", ([first]) => [first, { ...first, slot: "A2" }], "/slots/1/compartment"),
  wired(
    "two names for one magazine",
    () => ["M1", "M2"].map((slot) => ({ slot, dispenser: "dispenser.main", magazine: 0, capacity: 5 })),
    "/slots/1/magazine",
  ),
  wired(
    "a slot behind a lock that there is not",
    ([first]) => [{ ...first, lock: "lock.other" }],
    "/slots/0/lock",
  ),
  wired(
    "a slot behind a dispenser as if it were a lock",
    ([first]) => [{ ...first, lock: "dispenser.main" }],
    "/slots/0/lock",
  ),
  wired(
    "a magazine of a dispenser that there is not",
    () => [{ slot: "M1", dispenser: "lock.main", magazine: 0, capacity: 5 }],
    "/slots/0/dispenser",
  ),
  wired(
    "a compartment that its board does not have",
    ([first]) => [{ ...first, compartment: 2 }],
    "/slots/0/compartment",
  ),
  wired(
    "a magazine that its dispenser does not have",
    () => [{ slot: "M1", dispenser: "dispenser.main", magazine: 1, capacity: 5 }],
    "/slots/0/magazine",
  ),
  wired("two devices of one name", (slots) => slots, "/devices/2/role", [board("lock.main", 1)]),
  wired("two boards of one address on two ports", (slots) => slots, "/devices/2/board", [
    { ...board("lock.other", 0), port: { path: "/dev/serial/others", baudRate: 19_200 } },
  ]),
  wired("two names for one board", (slots) => slots, "/devices/2/board", [board("lock.other", 0)]),
  unitFile("a field of its own", { debug: true }, "schema.invalid"),
  unitFile("no roles", { roles: [] }, "schema.invalid", "/roles"),
  unitFile("a service's name that is a path", { services: ["../../keys"] }, "schema.invalid", "/services/0"),
  unitFile(
    "a port that there is not",
    { screen: { port: 70_000, pxPerMm: 3, idleS: 60 } },
    "schema.invalid",
    "/screen/port",
  ),
  unitFile(
    "a broker without TLS",
    { centre: { ...unitConfiguration().centre, broker: { url: "mqtt://localhost", ca: "-" } } },
    "schema.invalid",
    "/centre/broker/url",
  ),
  {
    name: "certificate: none at all",
    make: () => withFiles("certificates", { "tls.crt": "-----BEGIN CERTIFICATE-----" }),
    code: "bundle.wrongCertificate",
  },
  {
    name: "certificate: another unit's",
    make: () => withFiles("certificates", { "tls.crt": certificate("kt-02", TLS).toString() }),
    code: "bundle.wrongCertificate",
  },
  {
    name: "certificate: an authority that is none",
    make: () => withFiles("certificates", { "ca.crt": "-" }),
    code: "bundle.wrongAuthority",
  },
  {
    name: "certificate: a torn authority beside a whole one",
    make: () => {
      const whole = certificate("root", TLS).toString();
      const torn = whole.replace(/\n[^-]{20}/, "\n");
      return withFiles("certificates", {
        "ca.crt": whole + torn,
        "tls.crt": certificate(CLAIM.unit, TLS).toString(),
      });
    },
    code: "bundle.wrongAuthority",
  },
  claim("another name for a unit that has one", { unit: "kt-02" }, "bundle.alreadyClaimed"),
  claim("a name that is none", { unit: "" }, "schema.invalid", "/unit"),
  claim("a field of its own", { admin: true }, "schema.invalid"),
  claim("one group twice", { groups: ["east", "east"] }, "schema.invalid", "/groups"),
  bootstrap(
    "a certificate to ask by that is another board's",
    { cert: certificate("claim.board-8", TLS).toString() },
    "bundle.wrongCertificate",
  ),
  bootstrap(
    "a certificate to ask by that is a unit's",
    { cert: certificate(CLAIM.unit, TLS).toString() },
    "bundle.wrongCertificate",
  ),
  bootstrap(
    "a key to ask by that does not fit",
    {
      key: String(
        generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
          format: "pem",
          type: "pkcs8",
        }),
      ),
    },
    "bundle.wrongCertificate",
  ),
  bootstrap("a broker to ask that is no broker", { url: "http://localhost" }, "schema.invalid", "/url"),
];
