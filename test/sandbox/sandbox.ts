import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { centreKeys, makePki } from "../../fleet/server/index.ts";
import { keySetOf, keysIn } from "../../provisioning/keys/index.ts";
import { manufacture, provision } from "../../runtime/dev/unit-files.ts";
import { UNIT, unitPlan } from "../../runtime/dev/unit-plan.ts";
import { writeUnits } from "../../tools/deb.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { eventually } from "../kit.ts";
import { Container, makeTree } from "./container.ts";
import { exposureOf, GOALS, unexplained } from "./exposure.ts";
import { type Got, gotOf, RIGHTS, violations } from "./judge.ts";

/**
 * `make sandbox`: how exposed each process is by systemd's own count, whether every relaxation is explained, and what a
 * hostile program reaches in each process's place, in a container that runs the package. A container has neither the
 * kernel's filter of addresses nor real devices: it has nodes of the numbers of devices, and the guest of `make hil` the rest.
 */
const BROKER = "10.9.8.7:8883";
const ELSEWHERE = ["10.9.8.8:8883", "192.0.2.1:443"];
/** Name, type, numbers, owner: nobody serves them here, only the rights on them are looked at. */
const NODES = [
  ["ttyUSB0", "c 188 0", "guichet-vault:guichet-vault"],
  ["ttyUSB1", "c 188 1", "guichet-senses:guichet-senses"],
  ["video0", "c 81 0", "guichet-senses:guichet-senses"],
  ["gpiochip0", "c 254 0", "guichet-vault:guichet-provisioner"],
  ["watchdog0", "c 248 0", "root:root"],
  ["sdz", "b 8 400", "root:guichet-stick"],
] as const;
const OWNED: Record<string, string[]> = {
  vault: ["/dev/ttyUSB0", "/dev/gpiochip0"],
  senses: ["/dev/ttyUSB1", "/dev/video0"],
  provisioner: ["/dev/gpiochip0", "/dev/sdz"],
};

/** One bundle of each kind that a unit needs, on a folder in place of a stick. */
async function bundles(folder: string): Promise<string> {
  const pki = await makePki(join(folder, "pki"));
  const keys = centreKeys(join(folder, "centre")).public;
  const owner = await keysIn(join(folder, "owner"));
  const identity = { device: "board-1", hardware: "container", keys: keySetOf(Object.values(owner)) };
  await manufacture(join(folder, "state"), identity, await pki.issue(UNIT));
  const plan = unitPlan({
    serialPath: (role) => (role.startsWith("lock") ? "/dev/ttyUSB0" : "/dev/ttyUSB1"),
    broker: { url: `mqtts://${BROKER}`, ca: pki.ca },
    keys: keys.keys,
    sealTo: keys.sealTo,
    screenPort: 8400,
    alwaysOpen: true,
  });
  await provision(join(folder, "state"), join(folder, "stick"), plan, owner);
  return JSON.stringify(identity);
}

const rows: ResultRow[] = [];
let failed = 0;
function tell(row: ResultRow): void {
  rows.push(row);
  if (row.met === false) failed++;
  console.log(`${row.met === false ? "FAIL" : "ok  "} ${row.name}: ${row.value} ${row.unit}`);
}

const work = mkdtempSync(join(tmpdir(), "guichet-sandbox-"));
writeUnits(join(work, "units"));
const doc = readFileSync("docs/hardening.md", "utf8");
for (const [unit, goal] of Object.entries(GOALS)) {
  const exposure = exposureOf(join(work, "units"), unit);
  tell({
    name: `exposure of ${unit}`,
    value: exposure.score,
    unit: "of 10",
    goal: `<= ${goal}`,
    met: exposure.score <= goal,
  });
  const missing = unexplained(unit, exposure, doc);
  tell({
    name: `relaxations of ${unit} that nothing explains`,
    value: missing.length,
    unit: "settings",
    goal: "0",
    met: missing.length === 0,
  });
}

const tree = resolve("dist/sandbox/root");
makeTree(tree);
const identity = await bundles(work);
const files = {
  stick: join(work, "stick"),
  "hostile.mjs": "test/sandbox/hostile.mjs",
  "attack.sh": "test/sandbox/attack.sh",
};
const container = await Container.boot(tree, { deb: "dist/deb/guichet_0.1.0_amd64.deb", identity, files });
try {
  // The trial ends in any case: in a container no device answers. The configuration is the unit's for that long.
  container.run(
    "sh",
    "-c",
    "setsid runuser -u guichet-provisioner -- node /usr/lib/guichet/provisioner.cjs --state /var/lib/guichet --take /opt/stick >/dev/null 2>&1 &",
  );
  await eventually(
    "the unit serves",
    () => container.tryRun("test", "-S", "/run/guichet/core/socket"),
    90_000,
  );
  for (const [name, numbers, owner] of NODES)
    container.run("sh", "-c", `mknod -m 0660 /dev/${name} ${numbers} && chown ${owner} /dev/${name}`);
  container.run("bash", "/opt/attack.sh", "/opt", BROKER, ...ELSEWHERE);
  mkdirSync(join(work, "got"));
  for (const unit of Object.keys(RIGHTS)) {
    writeFileSync(join(work, "got", unit), container.run("cat", `/run/hostile/${unit}.json`));
    const got = gotOf(join(work, "got", unit));
    const wrong = violations(unit, got, BROKER, OWNED);
    // Its own it must have got: a program that tries nothing would reach nothing else either.
    for (const own of OWNED[unit] ?? [])
      if (!got.devices.includes(own)) wrong.push(`did not reach its own ${own}`);
    for (const one of wrong) console.log(`     ${unit}: ${one}`);
    const reached = Object.values(got).flat().length;
    tell({
      name: `what a hostile ${unit} reaches that is not its own (of ${reached} things that it reaches)`,
      value: wrong.length,
      unit: "things",
      goal: "0",
      met: wrong.length === 0,
    });
  }
  const bare = JSON.parse(
    container.run("runuser", "-u", "guichet-core", "--", "node", "/opt/hostile.mjs", BROKER),
  ) as Got;
  const wrong = violations("core", bare, BROKER).length;
  tell({
    name: "mutant: the same as the core's user without its sandbox",
    value: wrong,
    unit: "things",
    goal: "> 0 (caught)",
    met: wrong > 0,
  });
} finally {
  await container.stop();
  rmSync(work, { recursive: true, force: true });
}
writeResult("sandbox", "make sandbox", rows);
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
