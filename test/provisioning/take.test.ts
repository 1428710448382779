import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { newSigningKey } from "../../fleet/contract/index.ts";
import { readStanding, takeFolder } from "../../provisioning/activate/index.ts";
import type { BundleContent } from "../../provisioning/bundle/index.ts";
import { readConfiguration } from "../../provisioning/index.ts";
import { suite } from "../kit.ts";
import {
  board,
  certificate,
  codeOf,
  content,
  given,
  NONCE,
  Owner,
  signed,
  TLS,
  unit,
} from "../support/bundles.ts";
import { wrongGeneration } from "../support/generation.ts";

const { test, run } = suite("taking bundles");
const owner = new Owner();

async function counters(state: string) {
  const standing = await readStanding(state);
  if (!standing.ok) throw standing.error;
  return standing.value.counters;
}
const codes = (reports: { file: string; result: Parameters<typeof codeOf>[0] }[]) =>
  Object.fromEntries(reports.map(({ file, result }) => [file, codeOf(result)]));

test("a bare board takes claim, services and configuration from one stick, in whatever order they lie on it", async (t) => {
  const { state, provisioner } = board(t, owner);
  const reports = await provisioner.take(
    given(...(["configuration", "content", "claim"] as const).map((kind) => signed(owner, content(kind)))),
  );
  assert.equal([...new Set(Object.values(codes(reports)))], ["ok"]);
  assert.equal(await counters(state), { claim: 1, content: 1, configuration: 1 });
  const configuration = await readConfiguration(state);
  assert.ok(configuration.ok && configuration.value.unit === "kt-01");
  assert.equal(readdirSync(join(state, "config.d")), ["1"]);
});

test("a configuration for a board without a name, and one without its services, leave it as it was", async (t) => {
  const bare = board(t, owner);
  const all = { target: { all: true } } as const;
  const nameless = signed(owner, content("configuration", all));
  assert.equal(codes(await bare.provisioner.take(given(nameless))), { "0.kbundle": "bundle.unclaimed" });
  const named = await unit(t, owner);
  const lacking = signed(owner, content("configuration", { counter: 2 }, { services: ["absent"] }));
  assert.equal(codes(await named.provisioner.take(given(lacking))), { "0.kbundle": "bundle.missingFile" });
  assert.equal(await counters(bare.state), {});
  assert.is((await counters(named.state)).configuration, 1);
});

test("the newest of a kind is taken, the others are told that they are older", async (t) => {
  const { state, provisioner } = await unit(t, owner);
  const of = (counter: number) =>
    signed(owner, content("configuration", { counter }, { code: `K${counter}` }));
  assert.equal(codes(await provisioner.take(given(of(2), of(4), of(3), of(1)))), {
    "0.kbundle": "bundle.older",
    "1.kbundle": "ok",
    "2.kbundle": "bundle.older",
    "3.kbundle": "bundle.older",
  });
  assert.is((await counters(state)).configuration, 4);
  const configuration = await readConfiguration(state);
  assert.ok(configuration.ok && configuration.value.code === "K4");
});

test("key sets follow one by one, each signed by the roots before it and by its own; then only the new keys count", async (t) => {
  const { state, provisioner } = await unit(t, owner);
  const second = new Owner();
  const third = new Owner();
  const rotation = (version: number, to: Owner, by: Owner[]): Buffer =>
    signed(
      owner,
      content("keys", { counter: version, target: { all: true }, keys: { ...to.set, version } }),
      by.map((one) => one.keys.root),
    );
  const newest = content("configuration", { counter: 2 });
  const reports = await provisioner.take(
    given(rotation(3, third, [second, third]), signed(third, newest), rotation(2, second, [owner, second])),
  );
  assert.equal([...new Set(Object.values(codes(reports)))], ["ok"]);
  assert.equal(await counters(state), { claim: 1, content: 1, configuration: 2, keys: 3 });
  const late = signed(owner, content("configuration", { counter: 3 }));
  assert.equal(codes(await provisioner.take(given(late))), { "0.kbundle": "signature.unknownKey" });
});

test("a threshold counts keys, not signatures", async (t) => {
  const second = newSigningKey("command");
  const strict = new Owner({ command: 2 }, [second]);
  const { provisioner } = await unit(t, strict);
  const command = content("command");
  const once = signed(strict, command);
  const twice = signed(strict, command, [strict.keys.command, second]);
  assert.equal(codes(await provisioner.take(given(once))), { "0.kbundle": "bundle.tooFewSignatures" });
  assert.equal(codes(await provisioner.take(given(twice))), { "0.kbundle": "ok" });
});

test("what must come together is taken together: a requirement is met on the same stick or the bundle waits", async (t) => {
  const { state, provisioner } = await unit(t, owner);
  const needs: Partial<BundleContent> = { counter: 2, requires: { content: 2 } };
  const configuration = signed(owner, content("configuration", needs));
  assert.equal(codes(await provisioner.take(given(configuration))), { "0.kbundle": "bundle.requires" });
  assert.is((await counters(state)).configuration, 1);
  const services = signed(owner, content("content", { counter: 2 }));
  const reports = await provisioner.take(given(configuration, services));
  assert.equal([...new Set(Object.values(codes(reports)))], ["ok"]);
});

test("a signed command takes the configuration away once; name and counters stay, and the same command never works again", async (t) => {
  const { state, provisioner } = await unit(t, owner);
  const command = signed(owner, content("command"));
  assert.equal(codes(await provisioner.take(given(command))), { "0.kbundle": "ok" });
  assert.not.ok((await readConfiguration(state)).ok);
  assert.equal(await counters(state), { claim: 1, content: 1, configuration: 1, command: 1 });
  assert.equal(codes(await provisioner.take(given(command))), { "0.kbundle": "bundle.older" });
  const old = signed(owner, content("configuration"));
  assert.equal(codes(await provisioner.take(given(old))), { "0.kbundle": "bundle.older" });
  const wrong = signed(owner, content("command", { counter: 2, nonce: `${NONCE.slice(1)}x` }));
  assert.equal(codes(await provisioner.take(given(wrong))), { "0.kbundle": "bundle.wrongNonce" });
});

test("a folder is read with a cap, and what only looks like a bundle is none", async (t) => {
  const { state, provisioner } = await unit(t, owner);
  const stick = mkdtempSync(join(tmpdir(), "guichet-stick-"));
  t.after(() => rmSync(stick, { recursive: true }));
  writeFileSync(join(stick, "good.kbundle"), signed(owner, content("content", { counter: 2 })));
  writeFileSync(join(stick, "large.kbundle"), Buffer.alloc(17 * 1024 * 1024));
  mkdirSync(join(stick, "folder.kbundle"));
  symlinkSync("/etc/passwd", join(stick, "link.kbundle"));
  writeFileSync(join(stick, "notes.txt"), "never looked at");
  assert.equal(codes(await takeFolder(stick, provisioner)), {
    "folder.kbundle": "bundle.notABundle",
    "large.kbundle": "bundle.tooLarge",
    "link.kbundle": "bundle.notABundle",
    "good.kbundle": "ok",
  });
  assert.ok(readFileSync(join(state, "config", "heads", "content.json"), "utf8").length > 100);
});

test("a new authority alone leaves the unit its certificate; a unit that has none has to get it first", async (t) => {
  const { state, provisioner } = await unit(t, owner, { judgedBy: async () => ({ tls: TLS }) });
  const authority = { path: "ca.crt", bytes: certificate("root", TLS) };
  const alone = (counter: number) => signed(owner, content("certificates", { counter, files: [authority] }));
  assert.equal(codes(await provisioner.take(given(alone(1)))), { "0.kbundle": "bundle.missingFile" });
  const own = signed(owner, content("certificates", { counter: 2 }));
  assert.equal(codes(await provisioner.take(given(own))), { "0.kbundle": "ok" });
  const before = readFileSync(join(state, "config", "tls.crt"), "utf8");
  assert.equal(codes(await provisioner.take(given(alone(3)))), { "0.kbundle": "ok" });
  assert.is(readFileSync(join(state, "config", "tls.crt"), "utf8"), before);
  assert.is(readFileSync(join(state, "config", "ca.crt"), "utf8"), authority.bytes.toString());
  assert.equal((await wrongGeneration(state)).wrong, []);
});

test("of a folder only so many bundles, and so many bytes, are read at once; the others are told that they were not", async (t) => {
  const { provisioner } = await unit(t, owner);
  const read: number[] = [];
  const spied = {
    take: (copies: Parameters<typeof provisioner.take>[0]) => {
      read.push(copies.reduce((sum, { source }) => sum + source.size, 0));
      return provisioner.take(copies);
    },
  };
  const folder = mkdtempSync("/dev/shm/guichet-many-");
  t.after(() => rmSync(folder, { recursive: true }));
  const name = (n: number) => `${String(n).padStart(2, "0")}.kbundle`;
  for (let n = 0; n < 5; n++) {
    writeFileSync(join(folder, name(n)), "");
    truncateSync(join(folder, name(n)), n === 4 ? 10 : 12 * 1024 * 1024);
  }
  assert.equal(codes(await takeFolder(folder, spied)), {
    "00.kbundle": "bundle.notABundle",
    "01.kbundle": "bundle.notABundle",
    "02.kbundle": "bundle.tooMany",
    "03.kbundle": "bundle.tooMany",
    "04.kbundle": "bundle.tooMany",
  });
  assert.equal(read, [24 * 1024 * 1024]);
  for (let n = 0; n < 18; n++) writeFileSync(join(folder, name(n)), "not a bundle");
  const many = codes(await takeFolder(folder, provisioner));
  assert.is(Object.keys(many).length, 18);
  for (let n = 0; n < 18; n++) assert.is(many[name(n)], n < 16 ? "bundle.notABundle" : "bundle.tooMany");
});

run();
