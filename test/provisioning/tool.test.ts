import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { parseJson } from "../../drivers/kit/index.ts";
import { newSigningKey } from "../../fleet/contract/index.ts";
import { Provisioner, readStanding, takeFolder } from "../../provisioning/activate/index.ts";
import { type Answer, REPLY_BYTES, replyFile, signAnswer } from "../../provisioning/answer/index.ts";
import { KeySetSchema } from "../../provisioning/keys/index.ts";
import { suite, type TestContext } from "../kit.ts";
import { CLAIM, codeOf, HEALTHY, IDENTITY, NONCE } from "../support/bundles.ts";
import { tool } from "../support/tool.ts";
import { unitConfiguration } from "../support/unit.ts";

const { test, run } = suite("guichet-provision");

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "guichet-tool-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const unitKey = newSigningKey("unit");
const answer = (over: Partial<Answer> = {}): Answer => ({
  v: 1,
  iat: 1_800_000_000,
  claim: { unit: CLAIM.unit, site: CLAIM.site, groups: CLAIM.groups },
  ...IDENTITY,
  software: "0.1.0",
  key: unitKey.public,
  keys: 1,
  counters: { claim: 1 },
  nonce: NONCE,
  taken: [{ file: "a.kbundle", code: "bundle.older" }],
  missing: ["device.lock.main"],
  faults: [],
  ...over,
});

test("from making keys to a unit that has taken what was made", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  await tool.good("keys", file("owner"), "--count", "root=2", "--threshold", "root=2");
  for (const name of readdirSync(file("owner")).filter((own) => own.endsWith(".key")))
    assert.is(statSync(join(file("owner"), name)).mode & 0o777, 0o600, name);
  writeFileSync(file("claim.json"), JSON.stringify(CLAIM));
  writeFileSync(file("unit.json"), JSON.stringify({ ...unitConfiguration(), services: ["collection"] }));
  const make = (kind: string, from: string, target: string, ...more: string[]) =>
    tool.good(
      ...[
        "make",
        kind,
        "--from",
        from,
        "--target",
        target,
        "--counter",
        "1",
        "--out",
        file(`${kind}.kbundle`),
      ],
      ...more,
    );
  await make(
    "claim",
    file("claim.json"),
    `device=${IDENTITY.device}`,
    "--key",
    file("owner/certificates-1.key"),
  );
  await make("content", "flows/services:services", "all", "--hardware", IDENTITY.hardware);
  await make("configuration", file("unit.json"), `unit=${CLAIM.unit}`, "--requires", "content=1");
  await tool.good("sign", file("content.kbundle"), "--key", file("owner/content-1.key"));
  await tool.good("sign", file("configuration.kbundle"), "--key", file("owner/configuration-1.key"));
  writeFileSync(file("bootstrap.json"), JSON.stringify({ v: 1, url: "mqtts://broker:8884", ca: "none" }));
  const both = ["--from", file("claim.json"), "--from", file("bootstrap.json")];
  const to = ["--target", "device=board-7", "--counter", "1", "--out", file("both.kbundle")];
  const refused = await tool("make", "claim", ...both, ...to);
  assert.is(refused.code, "schema.invalid");
  assert.match(refused.errors, /bootstrap\.json/);
  const bundles = ["claim", "content", "configuration"].map((kind) => file(`${kind}.kbundle`));
  await tool.good("verify", ...bundles, "--keyset", file("owner/keyset.json"));
  const words = await tool.good("inspect", file("configuration.kbundle"));
  assert.match(words, /for {8}the unit kt-01/);
  assert.match(words, /needs {6}content from 1 on/);

  const stick = folder(t);
  await tool.good("write", ...bundles, "--to", stick);
  assert.is(statSync(join(stick, "REPLY.BIN")).size, REPLY_BYTES);
  const state = folder(t);
  const keys = parseJson(KeySetSchema, readFileSync(file("owner/keyset.json"), "utf8"), "keyset.json");
  assert.ok(keys.ok);
  writeFileSync(join(state, "identity.json"), JSON.stringify({ ...IDENTITY, keys: keys.value }));
  const reports = await takeFolder(stick, new Provisioner({ state, trial: HEALTHY }));
  assert.equal(
    reports.map(({ result }) => codeOf(result)),
    ["ok", "ok", "ok"],
  );
  const standing = await readStanding(state);
  assert.ok(standing.ok && standing.value.claim?.unit === "kt-01");
});

test("a key set gets a successor that both key sets have signed", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  await tool.good("keys", file("owner"));
  await tool.good("newkey", "root", file("root-b.key"));
  const old = parseJson(KeySetSchema, readFileSync(file("owner/keyset.json"), "utf8"), "keyset.json");
  assert.ok(old.ok);
  const root = old.value.keys.find((key) => key.role === "root")?.kid ?? "";
  const swap = ["--drop", root, "--add", file("root-b.key")];
  await tool.good("keyset", "--from", file("owner/keyset.json"), "--out", file("next.json"), ...swap);
  const out = ["--target", "all", "--out", file("keys.kbundle")];
  await tool.good("make", "keys", "--keyset", file("next.json"), ...out, "--key", file("owner/root-1.key"));
  const judged = () => tool("verify", file("keys.kbundle"), "--keyset", file("owner/keyset.json"));
  assert.is((await judged()).code, "bundle.tooFewSignatures");
  await tool.good("sign", file("keys.kbundle"), "--key", file("root-b.key"));
  assert.is((await judged()).code, "ok");
});

test("a software bundle is made and signed, and verify says what every unit says of it", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  await tool.good("keys", file("owner"));
  writeFileSync(file("guichet_1.0_arm64.deb"), "package");
  const from = ["--from", file("guichet_1.0_arm64.deb"), "--target", "all", "--counter", "1"];
  const key = ["--key", file("owner/software-1.key")];
  await tool.good("make", "software", ...from, "--out", file("good.kbundle"), ...key);
  const verify = (name: string) => tool("verify", file(name), "--keyset", file("owner/keyset.json"));
  const good = await verify("good.kbundle");
  assert.is(good.code, "bundle.notInstallable");
  assert.match(good.errors + good.words, /Units do not install software from bundles/);
  // What is wrong with it comes first.
  await tool.good("make", "software", ...from, "--out", file("unsigned.kbundle"));
  assert.is((await verify("unsigned.kbundle")).code, "bundle.unsigned");
});

test("a unit's answer is read back in plain words, and its request written out", async (t) => {
  const at = folder(t);
  writeFileSync(join(at, "REPLY.BIN"), replyFile(signAnswer(answer({ request: "-----BEGIN" }), unitKey)));
  const words = await tool.good(
    "read",
    at,
    "--request",
    join(at, "kt-01.csr"),
    "--out",
    join(at, "kt-01.json"),
  );
  for (const part of [
    "The unit kt-01",
    unitKey.kid,
    NONCE,
    "a.kbundle: not taken, bundle.older",
    "device.lock.main",
  ])
    assert.ok(words.includes(part), part);
  assert.is(readFileSync(join(at, "kt-01.csr"), "utf8"), "-----BEGIN");
  writeFileSync(
    join(at, "other"),
    replyFile(signAnswer(answer({ key: newSigningKey("unit").public }), unitKey)),
  );
  assert.is((await tool("read", join(at, "other"))).code, "signature.unknownKey");
  writeFileSync(join(at, "empty"), replyFile());
  assert.is((await tool("read", join(at, "empty"))).code, "bundle.noAnswer");
});

test("every mistake is explained with its place and a remedy, and nothing is written", async (t) => {
  const at = folder(t);
  const file = (name: string) => join(at, name);
  await tool.good("keys", file("owner"));
  writeFileSync(file("claim.json"), JSON.stringify({ ...CLAIM, unit: "KT-01" }));
  writeFileSync(file("unit.json"), JSON.stringify({ ...unitConfiguration(), code: "lower" }));
  const make = ["make", "claim", "--target", "all", "--counter", "1", "--out", file("x")];
  const cases: [string, RegExp, string[]][] = [
    ["provision.unknownCommand", /frobnicate/, ["frobnicate"]],
    ["provision.unknownOption", /--colour/, [...make, "--colour", "red"]],
    ["provision.missing", /--target/, ["make", "claim", "--counter", "1", "--out", file("x")]],
    ["provision.missing", /KIND/, ["make"]],
    [
      "provision.bad",
      /--target.*unit=ID/,
      ["make", "claim", "--target", "kt-01", "--counter", "1", "--out", file("x")],
    ],
    [
      "provision.bad",
      /--counter/,
      ["make", "claim", "--target", "all", "--counter", "1e3", "--out", file("x")],
    ],
    ["provision.bad", /--not-after.*2027/, [...make, "--not-after", "tomorrow"]],
    ["provision.bad", /--requires/, [...make, "--requires", "content"]],
    ["schema.invalid", /requires/, [...make, "--requires", "colour=1"]],
    ["provision.cannotRead", /nowhere/, [...make, "--from", file("nowhere")]],
    ["schema.invalid", /claim.json at \/unit/, [...make, "--from", file("claim.json")]],
    ["bundle.missingFile", /claim.json/, make],
    ["bundle.notAllowed", /unit.json/, [...make, "--from", file("unit.json")]],
    [
      "schema.invalid",
      /unit.json at \/code/,
      [
        "make",
        "configuration",
        "--from",
        file("unit.json"),
        "--target",
        "all",
        "--counter",
        "1",
        "--out",
        file("x"),
      ],
    ],
    [
      "provision.wrongRole",
      /role root, needs certificates/,
      [...make, "--from", `${file("good.json")}:claim.json`, "--key", file("owner/root-1.key")],
    ],
    [
      "bundle.noKey",
      /absent.key/,
      [...make, "--from", `${file("good.json")}:claim.json`, "--key", file("absent.key")],
    ],
    ["provision.exists", /keyset.json/, ["keys", file("owner")]],
    ["provision.bad", /--threshold/, ["keys", file("more"), "--threshold", "root=2"]],
    [
      "provision.bad",
      /--drop/,
      ["keyset", "--from", file("owner/keyset.json"), "--out", file("x"), "--drop", "nobody"],
    ],
    [
      "provision.twice",
      /root-1.key/,
      ["keyset", "--from", file("owner/keyset.json"), "--out", file("x"), "--add", file("owner/root-1.key")],
    ],
    ["bundle.notABundle", /claim.json/, ["inspect", file("claim.json")]],
    ["bundle.notABundle", /claim.json/, ["write", file("claim.json"), "--to", at]],
  ];
  writeFileSync(file("good.json"), JSON.stringify(CLAIM));
  const before = readdirSync(at).sort();
  for (const [code, place, argv] of cases) {
    const said = await tool(...argv);
    assert.is(said.code, code, argv.join(" "));
    assert.match(said.errors, place, argv.join(" "));
    assert.match(said.errors, / {2}do {5}\w/, argv.join(" "));
  }
  assert.equal(readdirSync(at).sort(), before);
});

test("bundled it is one file that Node alone runs", (t) => {
  const at = folder(t);
  const program = "dist/tool/guichet-provision.mjs";
  const env = { PATH: process.env.PATH ?? "" };
  execFileSync(program, ["keys", join(at, "owner")], { env });
  const words = execFileSync(program, ["help"], { env, encoding: "utf8" });
  assert.match(words, /guichet-provision make KIND/);
});

run();
