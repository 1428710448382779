import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import * as assert from "uvu/assert";
import { type Stack, startStack } from "../../runtime/dev/stack.ts";
import { buildDev } from "../../tools/build.ts";
import { Visitor } from "../e2e/person.ts";
import { eventually, suite, type TestContext } from "../kit.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { type Canary, type Hit, scan } from "./scan.ts";

const { test, run } = suite("nothing personal is left in clear", 280_000);

/** Folders in memory that are the plant's own, not the unit's. */
const foreign = (name: string): boolean =>
  name.startsWith("guichet-bench-") || name.startsWith(".org.chromium") || name.startsWith("guichet-crash-");

/** Before the unit's screen, in a browser that keeps its profile where it can be looked at. */
async function comeWithProfile(t: TestContext, stack: Stack, profile: string) {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: "/usr/bin/chromium",
    viewport: { width: 1080, height: 1920 },
    reducedMotion: "reduce",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
  });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto((await stack.unit?.screen()) ?? "");
  const [ada] = stack.bench.people;
  assert.ok(ada);
  return { visitor: new Visitor(page, stack), ada };
}

/**
 * One visit of a marked person up to the receipt, then one that is killed in its middle; answers what was found of them in
 * stores, logs, temporary and memory-backed folders, the browser's profile and the broker's files.
 */
async function visitAndLook(
  t: TestContext,
  portBase: number,
  dist: string,
): Promise<{ after: Hit[]; killed: Hit[]; bytes: number; canaries: Canary[] }> {
  const data = mkdtempSync(join(tmpdir(), "guichet-canary-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const temp = join(data, "tmp");
  const profile = join(data, "profile");
  mkdirSync(temp);
  let brokerFiles = "";
  const before = new Set(readdirSync(tmpdir()));
  const stack = await startStack({
    data,
    portBase,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    dist,
    logFile: join(data, "unit.log"),
    env: { TMPDIR: temp, GUICHET_LOG: "debug" },
    broker: async (pki, port) => {
      const mosquitto = await startMosquitto({ pki, port });
      const made = readdirSync(tmpdir()).find(
        (name) => name.startsWith("guichet-mosquitto-") && !before.has(name),
      );
      brokerFiles = join(tmpdir(), made ?? "");
      return mosquitto;
    },
  });
  t.after(() => stack.stop());
  const { visitor, ada } = await comeWithProfile(t, stack, profile);
  const receipt = await visitor.apply(ada, { service: "one-stop", phone: "59876543" });
  const sid = await eventually(
    "the centre has it",
    async () => (await stack.centre.submissions.list())[0]?.sid as string | undefined,
    30_000,
  );
  await eventually(
    "the centre has taken it in",
    async () => (await stack.centre.submissions.list())[0]?.state === "accepted",
    30_000,
  );
  const opened = await stack.centre.packets.open(sid);
  assert.ok(opened.ok);
  const canaries: Canary[] = [
    { name: "number", value: ada.number },
    { name: "number as typed", value: `${ada.number.slice(0, -1)}(${ada.number.slice(-1)})` },
    { name: "name", value: ada.nameEn },
    { name: "Chinese name", value: ada.nameZh },
    { name: "telephone", value: "59876543" },
    { name: "receipt", value: receipt.code },
    { name: "collection key", value: Buffer.from(receipt.code.split(".")[2] ?? "", "base64url") },
    ...[...opened.value.parts].map(([name, bytes]) => ({ name, value: Uint8Array.from(bytes) })),
  ];
  const roots = () => [
    stack.state,
    join(data, "centre"),
    join(data, "unit.log"),
    temp,
    profile,
    brokerFiles,
    ...readdirSync("/dev/shm")
      .filter((name) => !foreign(name))
      .map((name) => join("/dev/shm", name)),
    ...readdirSync(".")
      .filter((name) => /^core(\.\d+)?$/.test(name))
      .map((name) => resolve(name)),
  ];
  await eventually(
    "the unit has erased it",
    () => readdirSync(join(stack.state, "store", "packets")).length === 0 || dist !== "dist/dev",
    30_000,
  );
  const first = scan(canaries, roots());

  // a second visit, killed while everything is in memory
  await visitor.begin("one-stop");
  await visitor.introduce(ada);
  await visitor.giveFingers(ada.id);
  await visitor.givePhoto(ada.id);
  await visitor.sees("entry");
  for (const name of ["core", "vault", "senses"] as const) stack.unit?.kill(name);
  const killed = scan(canaries, roots());
  return { after: first.hits, killed: killed.hits, bytes: first.bytes + killed.bytes, canaries };
}

test("after a visit, and after a kill in its middle, no planted value stands anywhere in any encoding", async (t) => {
  const { after, killed, bytes, canaries } = await visitAndLook(t, 21_040, "dist/dev");
  assert.ok(canaries.length >= 11, `${canaries.length} canaries`);
  assert.ok(bytes > 1_000_000, "something was looked through");
  assert.equal(after, []);
  assert.equal(killed, []);
});

test("with sealing switched off the same search finds them", async (t) => {
  const dist = join("dist", "mutant-unsealed");
  t.after(() => rmSync(dist, { recursive: true, force: true }));
  await buildDev(dist, {
    file: "fleet/contract/packet.ts",
    from: "const ciphertext = encrypt(key, Buffer.from(binding(content.sid, content.unit)), plain);",
    to: "const ciphertext = Buffer.from(plain);",
  });
  const found = await unsealed(t, dist);
  for (const name of ["number as typed", "telephone", "photo", "finger-1-image", "finger-1-template"])
    assert.ok(found.has(name), `${name} was not found`);
});

/** One visit with a unit that does not seal, and no centre that would take it: the packet stays on the disk. */
async function unsealed(t: TestContext, dist: string): Promise<Set<string>> {
  const data = mkdtempSync(join(tmpdir(), "guichet-canary-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const stack = await startStack({ data, portBase: 21_050, seed: 1, alwaysOpen: true, quiet: true, dist });
  t.after(() => stack.stop());
  const { visitor, ada } = await comeWithProfile(t, stack, join(data, "profile"));
  await visitor.apply(ada, { service: "one-stop", phone: "59876543" });
  const { ridges } = await import("../../drivers/bench/fingerprint/ridges.ts");
  const seed = ada.fingers.get(1);
  assert.ok(seed);
  const image = ridges({ person: "ada", position: 1, seed, condition: "normal" }, 192, 192).map(
    (level) => level * 17,
  );
  const { templateOf } = await import("../../drivers/bench/templates.ts");
  const template = templateOf(seed, 1_536, 0);
  const canaries: Canary[] = [
    { name: "number as typed", value: `${ada.number.slice(0, -1)}(${ada.number.slice(-1)})` },
    { name: "telephone", value: "59876543" },
    { name: "finger-1-image", value: image },
  ];
  const hits = scan(canaries, [stack.state]).hits.map((hit) => hit.canary);
  const files = readdirSync(join(stack.state, "store", "packets"));
  const { readFileSync } = await import("node:fs");
  const packet = Buffer.concat(
    files.map((file) => readFileSync(join(stack.state, "store", "packets", file))),
  );
  const found = new Set(hits);
  // each capture of a finger differs in some bytes: most of an undisturbed run of the template must be there
  for (let at = 0; at + 8 <= template.length; at += 8)
    if (packet.includes(Buffer.from(template.subarray(at, at + 8)))) found.add("finger-1-template");
  if (packet.includes(Buffer.from([0xff, 0xd8, 0xff]))) found.add("photo");
  return found;
}

run();
