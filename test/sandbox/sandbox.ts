import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { writeUnits } from "../../tools/deb.ts";
import { type ResultRow, writeResult } from "../../tools/results.ts";
import { eventually } from "../kit.ts";
import { makeStick } from "../support/sticks.ts";
import { Container, makeTree } from "./container.ts";
import { exposureOf, GOALS, unexplained } from "./exposure.ts";
import { type Got, gotOf, RIGHTS, violations } from "./judge.ts";
import { papers } from "./papers.ts";
import { hostOf, World } from "./world.ts";

/**
 * `make sandbox`: how exposed each process is by systemd's own count, whether every relaxation is explained, and what a
 * hostile program reaches in each process's place, in a container that runs the package, on a network where somebody listens at
 * each address and tells who has come. A container has no real devices: it has nodes of the numbers of devices, and the guest
 * of `make hil` the rest.
 */
const NAME = "broker.example";
const BROKER = "10.9.8.7:8883";
/** Where the broker has moved to in the end. */
const MOVED = "10.9.8.9:8883";
/** Another server beside the broker, one far away, name servers. */
const ELSEWHERE = ["10.9.8.8:8883", MOVED, "192.0.2.1:443", "10.9.8.53:53", "[fd00:9::8]:8883"];
/** On the unit itself: what others offer there, a resolver of names above all, is not the core's. */
const INSIDE = ["127.0.0.53:53", "[::1]:631"];
/**
 * Name, type, numbers, owner: nobody serves them here, only the rights on them are looked at. Of classes that this kernel does
 * not know nobody has one: those are to be seen in the guest.
 */
const NODES = [
  ["ttyS8", "c 4 72", "guichet-vault:guichet-vault"],
  ["ttyS9", "c 4 73", "guichet-senses:guichet-senses"],
  ["ttyUSB0", "c 188 0", "guichet-vault:guichet-vault"],
  ["video0", "c 81 0", "guichet-senses:guichet-senses"],
  ["gpiochip0", "c 254 0", "guichet-vault:guichet-provisioner"],
  ["watchdog0", "c 248 0", "root:root"],
  ["sdz", "b 8 400", "root:guichet-stick"],
] as const;
const OWNED: Record<string, string[]> = {
  vault: ["/dev/ttyS8"],
  senses: ["/dev/ttyS9"],
};
/** They may have them where they are. */
const MAY: Record<string, string[]> = {
  vault: ["/dev/ttyS8", "/dev/ttyUSB0", "/dev/gpiochip0"],
  senses: ["/dev/ttyS9", "/dev/video0"],
  provisioner: ["/dev/gpiochip0", "/dev/sdz"],
};
const portOf = (target: string): string => target.slice(target.lastIndexOf(":") + 1);

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
const identity = await papers(work, `mqtts://${NAME}:${portOf(BROKER)}`);
const bundle = readFileSync(join(work, "stick/claim.kbundle"));
const image = join(work, "stick.img");
makeStick(image, { bits: 16, clusterBytes: 2048 }, { "CLAIM.KBU": bundle });
const files = {
  stick: join(work, "stick"),
  "hostile.cjs": "test/sandbox/hostile.cjs",
  "attack.sh": "test/sandbox/attack.sh",
  "tls.key": join(work, "state/keys/tls.key"),
  "tls.crt": join(work, "state/keys/tls.crt"),
};
const container = await Container.boot(tree, { deb: "dist/deb/guichet_0.1.0_amd64.deb", identity, files });
const world = await World.open(container.pid, [BROKER, ...ELSEWHERE]);
const inside = await World.inside(container.pid, INSIDE);
/** Writes where the broker's name leads to now into what the unit itself asks. */
const brokerIs = (place: string): void =>
  container.write("/etc/hosts", `127.0.0.1 localhost\n${hostOf(place)} ${NAME}\n`);
/** There is no udev in a container, so that it fails when addresses are done and devices begin. */
const grant = (): void => void container.tryRun("systemctl", "restart", "guichet-grants.service");
try {
  brokerIs(BROKER);
  // The certificate that the broker asks for; without it the core does not even try.
  const own = "install -m 0640 -o guichet-provisioner -g guichet-core /opt/tls.* /var/lib/guichet/keys/";
  container.run("sh", "-c", own);
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
  // A core that runs finds the broker by its name, and goes with it when it moves.
  await world.visited(BROKER, 30_000);
  brokerIs(MOVED);
  grant();
  await world.seen();
  await world.visited(MOVED, 90_000);
  const followed = await world.seen();
  tell({
    name: "broker that has moved: others than it that the running core went to since",
    value: followed.filter((one) => one !== MOVED).length,
    unit: "places",
    goal: "0",
    met: followed.every((one) => one === MOVED),
  });
  brokerIs(BROKER);
  grant();
  for (const [name, numbers, owner] of NODES)
    container.run("sh", "-c", `mknod -m 0660 /dev/${name} ${numbers} && chown ${owner} /dev/${name}`);
  container.plug(image);
  await world.seen();
  container.run("bash", "/opt/attack.sh", "/opt", BROKER, ...ELSEWHERE, ...INSIDE);
  // What others say that was reached, whatever the hostile program says. The broker was allowed to the core.
  const reached = [...(await world.seen()), ...(await inside.seen())];
  const strangers = reached.filter((one) => one !== BROKER && one !== `udp ${hostOf(BROKER)}`);
  for (const one of strangers) console.log(`     somebody came to ${one}`);
  tell({
    name: "places of the network and of the unit itself that a hostile process came to, as they say themselves",
    value: strangers.length,
    unit: `of ${2 * (ELSEWHERE.length + INSIDE.length)} places`,
    goal: "0",
    met: strangers.length === 0 && reached.includes(BROKER),
  });
  mkdirSync(join(work, "got"));
  for (const unit of Object.keys(RIGHTS)) {
    writeFileSync(join(work, "got", unit), container.run("cat", `/run/hostile/${unit}.json`));
    const got = gotOf(join(work, "got", unit));
    const wrong = violations(unit, got, BROKER, MAY);
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
  const targets = [BROKER, ...ELSEWHERE, ...INSIDE];
  const bare = JSON.parse(
    container.run("runuser", "-u", "guichet-core", "--", "node", "/opt/hostile.cjs", ...targets),
  ) as Got;
  const wrong = violations("core", bare, BROKER).length;
  tell({
    name: "mutant: the same as the core's user without its sandbox",
    value: wrong,
    unit: "things",
    goal: "> 0 (caught)",
    met: wrong > 0,
  });
  const came = [...(await world.seen()), ...(await inside.seen())];
  const missing = targets.flatMap((one) => [one, `udp ${hostOf(one)}`]).filter((one) => !came.includes(one));
  tell({
    name: "mutant: places that it does not come to without its sandbox",
    value: missing.length,
    unit: "places",
    goal: "0 (all there to be reached)",
    met: missing.length === 0,
  });
  // In the same sandbox the reader itself does its work.
  const read = container.readStick();
  tell({
    name: "the reader of sticks in its sandbox: bytes of a file that it gives, as they lie on the stick",
    value: read.includes(bundle) ? bundle.length : 0,
    unit: "bytes",
    goal: String(bundle.length),
    met: read.includes(bundle),
  });
} finally {
  world.close();
  inside.close();
  await container.stop();
  rmSync(work, { recursive: true, force: true });
}
writeResult("sandbox", "make sandbox", rows);
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
