import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { newSigningKey } from "../../fleet/contract/index.ts";
import { makePki } from "../../fleet/server/index.ts";
import { readAnswer } from "../../provisioning/answer/index.ts";
import { keySetOf, keysIn } from "../../provisioning/keys/index.ts";
import { manufacture, provision } from "../../runtime/dev/unit-files.ts";
import { UNIT, unitPlan } from "../../runtime/dev/unit-plan.ts";
import { eventually, suite } from "../kit.ts";
import { content, IDENTITY, Owner, signed } from "../support/bundles.ts";
import { freePort } from "../support/mosquitto.ts";

const { test, run } = suite("what a unit runs");

test("it holds no bench, no centre and no launcher", () => {
  const inputs = readFileSync("dist/unit/bundle.txt", "utf8").split("\n");
  assert.ok(inputs.some((path) => path.startsWith("runtime/vault/")));
  const foreign = inputs.filter(
    (path) =>
      /^(drivers\/(bench|conformance|replay)|fleet\/(server|console|broker)|runtime\/dev|test)\//.test(
        path,
      ) ||
      /^drivers\/.*\/(conformance|simulator)\.ts$/.test(path) ||
      /node_modules\/(node-pty|aedes|fastify|playwright-core)\//.test(path),
  );
  assert.equal(foreign, []);
  for (const name of ["node-pty", "aedes", "fastify", "esbuild"])
    assert.not.ok(existsSync(join("dist/unit/node_modules", name)), name);
});

test("copied outside of the repository it starts, serves its screen, and says what is missing", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "guichet-elsewhere-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync("dist/unit", join(root, "unit"), { recursive: true });
  const state = join(root, "state");
  const pki = await makePki(join(root, "pki"));
  const owner = await keysIn(join(root, "owner"));
  const identity = { device: "board-1", hardware: "bench", keys: keySetOf(Object.values(owner)) };
  await manufacture(state, identity, await pki.issue(UNIT));
  const configuration = unitPlan({
    // a board whose cables are all out
    serialPath: (role) => `/dev/serial/by-id/none-${role}`,
    broker: { url: "mqtts://localhost:1", ca: pki.ca },
    keys: [newSigningKey("receipt").public],
    sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    screenPort: await freePort(),
    alwaysOpen: true,
  });
  await provision(state, join(root, "stick"), configuration, owner);
  let output = "";
  for (const name of ["senses", "vault", "core"]) {
    const child = spawn(process.execPath, [join(root, "unit", `${name}.cjs`), "--state", state], {
      cwd: root,
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: "/usr/bin:/bin" },
    });
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    t.after(() => child.kill("SIGKILL"));
  }
  const ready = await eventually("the screen is served", () => /"url":"([^"]+)"/.exec(output)?.[1], 20_000);
  const health = await eventually("it says what it can do", async () => {
    const body = (await (await fetch(new URL("/healthz", ready))).json()) as {
      ready: boolean;
      offered: string[];
      missing: Record<string, string[]>;
    };
    return body.ready && body.missing["hkic-application"]?.includes("device.finger.front") && body;
  });
  assert.equal(health.offered, []);
  const cookie = (await fetch(ready, { redirect: "manual" })).headers.get("set-cookie")?.split(";")[0] ?? "";
  const page = await fetch(new URL("/", ready), { headers: { cookie } });
  assert.is(page.status, 200);
  assert.match(await page.text(), /<meta name="px-per-mm" content="3.2"/);

  const guichet = (as: { uid?: number } = {}) =>
    spawnSync(join(root, "unit", "guichet"), ["devices", "list", "--state", state], {
      encoding: "utf8",
      ...as,
    });
  const list = guichet();
  assert.is(list.status, 0, list.stderr);
  assert.match(
    list.stdout,
    /finger\.front +fingerprint +absent +failed\n.*\n {4}device\.absent \(hardware\)/,
  );
  // The sockets are for their own user; for root no mode is.
  for (const folder of [root, join(root, "unit")]) chmodSync(folder, 0o755);
  const own = process.getuid?.() !== 0;
  chmodSync(join(state, "run"), own ? 0o000 : 0o700);
  const refused = guichet(own ? {} : { uid: 65_534 });
  chmodSync(join(state, "run"), 0o700);
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /diagnostic\.noRights: [\s\S]*sudo/);
});

test("its own provisioner takes a stick's folder, says what became of each bundle, and leaves a signed answer", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "guichet-provisioner-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const state = join(root, "state");
  const stick = join(root, "stick");
  mkdirSync(state);
  mkdirSync(stick);
  const owner = new Owner();
  writeFileSync(join(state, "identity.json"), JSON.stringify({ ...IDENTITY, keys: owner.set }));
  writeFileSync(join(stick, "a.kbundle"), signed(owner, content("claim")));
  const take = () => {
    const program = ["dist/unit/provisioner.cjs", "--state", state, "--take", stick];
    const { stdout, status } = spawnSync(process.execPath, program, { encoding: "utf8" });
    const said = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { file: string; taken?: string; code?: string });
    return { status, said };
  };
  assert.equal(take(), { status: 0, said: [{ file: "a.kbundle", taken: "claim-1" }] });
  const again = take();
  assert.is(again.status, 1);
  assert.is(again.said[0]?.code, "bundle.older");
  const answer = readAnswer(readFileSync(join(state, "answer.jws"), "latin1"));
  assert.ok(answer.ok && answer.value.claim?.unit === "kt-01");
});

run();
