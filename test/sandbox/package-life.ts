import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { VERSION } from "../../drivers/kit/index.ts";
import { openStore } from "../../drivers/store/index.ts";
import { readAnswer } from "../../provisioning/answer/index.ts";
import { buildDeb } from "../../tools/deb.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { eventually } from "../kit.ts";
import { Container, makeTree } from "./container.ts";
import { papers } from "./papers.ts";

/**
 * `make package-life`: the package installed on a running system, upgraded over a unit with data, removed, installed again,
 * purged, installed once more, in the container of `make sandbox`. The newer version is the same programs with another
 * number of the same length, so that nothing but what the package does itself brings the new code up.
 */
const NEWER = VERSION.replace(/\d+$/, (last) => String(Number(last) + 1));
const SERVICES = ["guichet-provisioner", "guichet-vault", "guichet-senses", "guichet-core"];
const STATE = "/var/lib/guichet";
const ITEM = "a".repeat(16);

const rows: ResultRow[] = [];
let failed = 0;
function tell(name: string, good: boolean, detail = ""): void {
  rows.push({
    name,
    value: good ? "seen" : `not seen${detail && `: ${detail}`}`,
    unit: "",
    goal: "seen",
    met: good,
  });
  if (!good) failed++;
  console.log(`${good ? "ok  " : "FAIL"} ${name}${good || !detail ? "" : `: ${detail}`}`);
}

/** The unit's programs, as a newer version would have them. */
function newer(folder: string): string {
  const unit = join(folder, "unit");
  cpSync("dist/unit", unit, { recursive: true });
  for (const file of readdirSync(unit).filter((name) => name.endsWith(".bundle.cjs"))) {
    const text = readFileSync(join(unit, file), "latin1");
    writeFileSync(join(unit, file), text.replaceAll(`"${VERSION}"`, `"${NEWER}"`), "latin1");
  }
  return buildDeb({ architecture: "amd64", unit, outDir: folder, version: NEWER, plain: true });
}

const work = mkdtempSync(join(tmpdir(), "guichet-life-"));
const tree = resolve("dist/sandbox/root");
makeTree(tree);
const identity = await papers(work, "mqtts://10.9.8.7:8883");
const files = {
  "first.deb": `dist/deb/guichet_${VERSION}_amd64.deb`,
  "newer.deb": newer(work),
  state: join(work, "state"),
};
const unit = await Container.boot(tree, { identity, files });

const installed = (): string =>
  unit.run("dpkg-query", "-W", "-f", `\${db:Status-Abbrev}\${Version}`, "guichet").trim();
const active = (): string[] => SERVICES.filter((name) => unit.tryRun("systemctl", "is-active", "-q", name));
const inService = (what: string): Promise<unknown> =>
  eventually(
    what,
    () => active().length === SERVICES.length && unit.tryRun("test", "-S", "/run/guichet/core/socket"),
    60_000,
  );
const pids = (): string => unit.run("systemctl", "show", "-p", "MainPID", "--value", ...SERVICES);
/** What V8 has compiled of the programs: which file, and since when. */
const compiled = (): string => unit.run("sh", "-c", "cd /usr/lib/guichet && stat -c '%n %i %Y' *.cache");
const ofProvisioner = (property: string): string =>
  unit.run("systemctl", "show", "-p", property, "--value", "guichet-provisioner").trim();
/** Moments of the monotonic clock at which each service came to be as it is, ms. */
const since = (property: string): Record<string, number> =>
  Object.fromEntries(
    SERVICES.map((name) => [
      name,
      Number(unit.run("systemctl", "show", "-p", property, "--value", name)) / 1_000,
    ]),
  );
const dpkg = (settings: string[], ...args: string[]) => unit.try(["env", ...settings, "dpkg", ...args]);
/** What must be the same after everything but a purge: keys, identity, configuration, slots. */
async function kept(): Promise<string> {
  const sums = unit.run(
    "sh",
    "-c",
    `cd ${STATE} && find keys config.d config committed /etc/guichet -type f | sort | xargs sha256sum && readlink config committed`,
  );
  return sums + JSON.stringify(await slots());
}
/** A copy is read, so that whoever has the ledger open is left alone. */
async function slots(): Promise<unknown[]> {
  const copy = join(work, "ledger");
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(tree, STATE, "vault"), copy, { recursive: true });
  const ledger = await openStore(join(copy, "ledger.db"), { migrations: [] });
  try {
    return await ledger.all("SELECT * FROM slots ORDER BY slot");
  } finally {
    await ledger.close();
  }
}
const software = (): string => {
  const answer = readAnswer(unit.run("cat", `${STATE}/answer.jws`));
  return answer.ok ? answer.value.software : answer.error.code;
};

/** Somebody at the screen: what answers for the core says so. */
async function somebodyThere(): Promise<void> {
  unit.run("systemctl", "stop", "guichet-core");
  unit.write(
    "/run/visit.cjs",
    `let state = "visit"; process.on("SIGUSR1", () => { state = "rest"; });
require("node:http").createServer((q, r) => r.end(JSON.stringify({ state }))).listen("/run/guichet/core/socket");`,
  );
  unit.run(
    "systemd-run",
    "--unit=visit",
    "--uid=guichet-core",
    "--gid=guichet-health",
    "node",
    "/run/visit.cjs",
  );
  await eventually("the stand-in answers", () => unit.tryRun("test", "-S", "/run/guichet/core/socket"));
}

try {
  tell(
    "installed on a running system",
    (await dpkg([], "-i", "/opt/first.deb")).status === 0 && installed() === `ii ${VERSION}`,
  );
  await eventually("the provisioner runs", () => active().includes("guichet-provisioner"), 30_000);
  tell("unprovisioned it offers nothing and says so", active().join() === "guichet-provisioner");
  const firstKeys = unit.run("sh", "-c", `cat ${STATE}/keys/*`);

  // A unit in service, as a trial that has proved itself leaves it; in a container no device would answer.
  unit.run("systemctl", "stop", "guichet.target", ...SERVICES);
  unit.run(
    "sh",
    "-c",
    `cd /opt/state && cp -a config config.d committed keys ${STATE}/ && cd ${STATE} &&
     chown -hR guichet-provisioner:guichet config config.d committed && chown -R guichet-provisioner:guichet-core keys &&
     chmod -R g+rX config.d keys && chmod 2750 config.d keys`,
  );
  unit.run("systemctl", "start", "guichet.target");
  await inService("it is in service");
  // A document lies in it, and a submission waits for the centre.
  unit.run("systemctl", "stop", "guichet-core", "guichet-vault");
  const ledger = await openStore(join(tree, STATE, "vault/ledger.db"), { migrations: [] });
  await ledger.tx((t) =>
    t.run(
      "UPDATE slots SET state = 'loaded', item_hash = ? WHERE slot = (SELECT min(slot) FROM slots)",
      ITEM,
    ),
  );
  await ledger.close();
  const store = await openStore(join(tree, STATE, "store/store.db"), { migrations: [] });
  await store.tx((t) =>
    t.run(
      "INSERT INTO submissions (sid, reference, manifest, manifest_hash, size, state, created_at) VALUES ('sid', 'reference', '', '', 0, 'rejected', 0)",
    ),
  );
  await store.close();
  unit.run(
    "sh",
    "-c",
    `chown guichet-vault:guichet-vault ${STATE}/vault/* && chown guichet-core:guichet-core ${STATE}/store/*`,
  );
  unit.run("systemctl", "start", "guichet-vault", "guichet-core");
  await inService("it is in service with a document");
  const before = await kept();
  tell(
    "a unit in service with a document in it",
    before.includes(ITEM) && unit.run("guichet", "items").trim() === "1",
  );

  await somebodyThere();
  const then = pids();
  const refused = await dpkg(["GUICHET_WAIT=2"], "-i", "/opt/newer.deb");
  tell(
    "an upgrade while somebody is at the screen is refused, and no process of the unit was touched",
    refused.status !== 0 &&
      /diagnostic\.notAtRest.*somebody is at the screen/.test(refused.text) &&
      pids() === then,
    refused.text,
  );
  tell(
    "after that the old version is whole",
    installed() === `ii ${VERSION}` && unit.tryRun("test", "-e", "/usr/lib/guichet/core.bundle.cjs.cache"),
    installed(),
  );

  const started = performance.now();
  const upgrade = await unit.try(["env", "GUICHET_WAIT=60", "dpkg", "-i", "/opt/newer.deb"], (line) => {
    if (/^Waiting: somebody is at the screen/.test(line))
      unit.run("systemctl", "kill", "-s", "USR1", "visit");
  });
  unit.tryRun("systemctl", "stop", "visit");
  tell(
    "an upgrade waits until the visit has ended",
    upgrade.status === 0 && /Waiting: somebody/.test(upgrade.text),
    upgrade.text,
  );
  await inService("it is in service again");
  console.log(`     upgrade over a running unit: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  tell(
    "the new version is installed and runs, its length being that of the old",
    installed() === `ii ${NEWER}` && software() === NEWER,
    `${installed()} ${software()}`,
  );
  tell("keys, identity, configuration and ledger are as they were", (await kept()) === before);
  const up = since("ActiveEnterTimestampMonotonic");
  const down = since("InactiveEnterTimestampMonotonic");
  const at = (of: Record<string, number>, name: string) => of[`guichet-${name}`] ?? 0;
  tell(
    "core stopped first, then vault and senses, the provisioner last; the provisioner was up before all others",
    at(down, "core") <= Math.min(at(down, "vault"), at(down, "senses")) &&
      Math.max(at(down, "vault"), at(down, "senses")) <= at(down, "provisioner") &&
      at(up, "provisioner") <= Math.min(at(up, "core"), at(up, "vault"), at(up, "senses")),
    JSON.stringify({ up, down }),
  );

  const running = pids();
  const programs = compiled();
  const older = await dpkg([], "-i", "/opt/first.deb");
  tell(
    "an older version is refused, nothing was changed as it says, and no process of the unit was touched",
    older.status !== 0 &&
      installed() === `ii ${NEWER}` &&
      /may not understand .* Nothing was changed/.test(older.text) &&
      pids() === running,
    older.text,
  );
  tell("after that everything is compiled as it was", compiled() === programs, compiled());
  await inService("it goes on after the refused downgrade");

  const removed = await dpkg([], "-r", "guichet");
  tell(
    "removed: it says that a document is left and how much waits for the centre, and stops",
    removed.status === 0 &&
      /1 items lie in the unit/.test(removed.text) &&
      /[1-9]\d* submissions and records wait/.test(removed.text) &&
      active().length === 0,
    removed.text,
  );
  tell(
    "removed: no program and no unit is left, what it knows is",
    !unit.tryRun("test", "-e", "/usr/lib/guichet") &&
      !unit.tryRun("systemctl", "cat", "guichet-core") &&
      (await kept()) === before,
  );

  await dpkg([], "-i", "/opt/newer.deb");
  await inService("it is in service after it was installed again");
  tell("installed again it is the unit that it was", (await kept()) === before);

  const purge = await dpkg([], "-P", "guichet");
  tell(
    "a purge is refused while a document lies in it, and takes nothing away",
    purge.status !== 0 && /only its ledger knows/.test(purge.text) && (await kept()) === before,
    purge.text,
  );
  const forced = await dpkg(["GUICHET_PURGE=yes"], "-P", "guichet");
  const left = unit
    .run(
      "sh",
      "-c",
      "find / -xdev \\( -path /opt -o -path /proc -o -path /sys -o -path /var/log \\) -prune -o -iname '*guichet*' -print; getent passwd group | grep guichet; find /run -name '*guichet*'; true",
    )
    .split("\n")
    .filter(Boolean);
  tell(
    "purged: no file, no user and no key of it is left",
    forced.status === 0 && left.length === 0,
    `${forced.text} ${left.join(" ")}`,
  );

  // A board that is nobody's: installed before anybody has said what it is.
  await dpkg([], "-i", "/opt/first.deb");
  await eventually("it was tried five times", () => Number(ofProvisioner("NRestarts")) >= 5, 60_000);
  const next = ofProvisioner("RestartUSecNext");
  tell(
    "without an identity it is tried ever more seldom",
    ofProvisioner("RestartUSec") === "500ms" && /^([89]\d\d(\.\d+)?ms|[1-9]\d?(\.\d+)?s)$/.test(next),
    next,
  );
  unit.run("mkdir", "-p", "/etc/guichet");
  unit.write("/etc/guichet/identity.json", identity);
  await eventually("the provisioner runs", () => active().includes("guichet-provisioner"), 30_000);
  tell("it comes up by itself once the identity is there", active().join() === "guichet-provisioner");
  tell("what failed before is not held against it", ofProvisioner("RestartUSecNext") === "500ms");
  const lastKeys = unit.run("sh", "-c", `cat ${STATE}/keys/*`);
  tell(
    "installed after a purge it is a new board with new keys",
    active().join() === "guichet-provisioner" && lastKeys !== firstKeys,
  );
} finally {
  await unit.stop();
  rmSync(work, { recursive: true, force: true });
}
writeResult("package-life", "make package-life", rows);
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
