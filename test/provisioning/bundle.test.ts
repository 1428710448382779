import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { newSigningKey } from "../../fleet/contract/index.ts";
import {
  activateBundle,
  activeCounter,
  makeBundle,
  openBundle,
  provisionFrom,
  readConfiguration,
} from "../../provisioning/index.ts";
import { suite, type TestContext } from "../kit.ts";
import { unitConfiguration } from "../support/unit.ts";

const { test, run } = suite("bundle");
const key = newSigningKey("configuration");

async function unit(t: TestContext): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), "guichet-unit-"));
  t.after(() => rm(state, { recursive: true }));
  await writeFile(
    join(state, "identity.json"),
    JSON.stringify({ unit: "kt-01", site: "kwun-tong", trust: [key.public] }),
  );
  return state;
}

const files = (over: Record<string, unknown> = {}) => [
  {
    path: "unit.json",
    bytes: Buffer.from(JSON.stringify({ ...unitConfiguration(), services: ["demo"], ...over })),
  },
  { path: "services/demo/service.json", bytes: Buffer.from("{}") },
];
const bundle = (over: Partial<Parameters<typeof makeBundle>[0]> = {}, by = key) =>
  makeBundle({ id: "b-1", target: { unit: "kt-01" }, counter: 1, files: files(), iat: 1, ...over }, by);
const receiver = { unit: "kt-01", site: "kwun-tong", trust: [key.public], counter: 0 };
const code = (result: { ok: true } | { ok: false; error: { code: string } }) =>
  result.ok ? "ok" : result.error.code;

test("a bundle for the unit, its site or all is accepted", () => {
  for (const target of [{ unit: "kt-01" }, { site: "kwun-tong" }, { all: true as const }]) {
    assert.is(code(openBundle(bundle({ target }), receiver)), "ok");
  }
});

test("every wrong bundle is refused with its own reason", () => {
  const good = bundle();
  const cases: [string, Uint8Array, string][] = [
    ["empty", Buffer.alloc(0), "bundle.notABundle"],
    ["other file", Buffer.from("PK\u0003\u0004 a zip file that somebody put there"), "bundle.notABundle"],
    ["torn", good.subarray(0, good.length - 1), "bundle.torn"],
    ["with a tail", Buffer.concat([good, Buffer.from("x")]), "bundle.torn"],
    [
      "altered content",
      Buffer.concat([good.subarray(0, good.length - 1), Buffer.from("X")]),
      "bundle.damaged",
    ],
    ["foreign key", bundle({}, newSigningKey("configuration")), "signature.unknownKey"],
    ["other unit", bundle({ target: { unit: "kt-02" } }), "bundle.notForThisUnit"],
    ["other site", bundle({ target: { site: "elsewhere" } }), "bundle.notForThisUnit"],
    [
      "same file twice",
      bundle({ files: [...files(), { path: "Unit.json", bytes: Buffer.from("{}") }] }),
      "bundle.repeated",
    ],
    [
      "way out",
      bundle({ files: [{ path: "../identity.json", bytes: Buffer.from("{}") }] }),
      "schema.invalid",
    ],
    ["endless", Buffer.concat([good, Buffer.alloc(16 * 1024 * 1024)]), "bundle.tooLarge"],
  ];
  for (const [name, bytes, expected] of cases) assert.is(code(openBundle(bytes, receiver)), expected, name);
  assert.is(code(openBundle(good, { ...receiver, counter: 1 })), "bundle.older");
  const voucherKey = newSigningKey("voucher");
  assert.throws(() => bundle({}, voucherKey), /does not sign/);
});

test("the role of a key is judged by the unit, not by the bundle", () => {
  const lying = openBundle(bundle(), { ...receiver, trust: [{ ...key.public, role: "voucher" }] });
  assert.is(code(lying), "signature.wrongRole");
});

test("activation is whole, never goes back, and survives a broken one", async (t) => {
  const state = await unit(t);
  assert.is(await activeCounter(state), 0);
  assert.is(code(await activateBundle(state, bundle({ counter: 5 }))), "ok");
  assert.is(await activeCounter(state), 5);
  assert.is(code(await activateBundle(state, bundle({ counter: 5 }))), "bundle.older");
  assert.is(code(await activateBundle(state, bundle({ counter: 4 }))), "bundle.older");
  assert.is(
    code(await activateBundle(state, bundle({ counter: 6, files: files({ code: "not a code" }) }))),
    "schema.invalid",
  );
  assert.is(
    code(await activateBundle(state, bundle({ counter: 6, files: files({ services: ["absent"] }) }))),
    "bundle.missingFile",
  );
  assert.is(await activeCounter(state), 5);
  const configuration = await readConfiguration(state);
  assert.ok(configuration.ok && configuration.value.unit === "kt-01");
});

test("from a folder the newest acceptable bundle wins and every file gets its answer", async (t) => {
  const state = await unit(t);
  const stick = await mkdtemp(join(tmpdir(), "guichet-stick-"));
  t.after(() => rm(stick, { recursive: true }));
  await writeFile(join(stick, "a.kbundle"), bundle({ counter: 2 }));
  await writeFile(join(stick, "b.kbundle"), bundle({ counter: 3 }));
  await writeFile(join(stick, "c.kbundle"), bundle({ counter: 9, target: { unit: "other" } }));
  await writeFile(join(stick, "notes.txt"), "never looked at");
  const reports = Object.fromEntries(
    (await provisionFrom(stick, state)).map(({ file, result }) => [file, code(result)]),
  );
  assert.equal(reports, {
    "a.kbundle": "bundle.older",
    "b.kbundle": "ok",
    "c.kbundle": "bundle.notForThisUnit",
  });
  assert.is(await activeCounter(state), 3);
  assert.ok((await readFile(join(state, "config", "manifest.jws"), "utf8")).length > 100);
});

run();
