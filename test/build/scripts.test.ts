import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { writeScripts } from "../../tools/deb.ts";
import { suite, type TestContext } from "../kit.ts";

const { test, run } = suite("the scripts of the Debian package");

const OWN = "0.1.1";
/** What it runs on a board is noted, and does nothing. */
const STUBS = ["systemctl", "udevadm", "sysctl", "systemd-sysusers", "systemd-tmpfiles"];

/** The package as it lies on a board, in a folder: its programs, what was compiled of them, a systemd that runs. */
function board(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "guichet-scripts-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const [scripts, bin, programs] = ["DEBIAN", "bin", "usr/lib/guichet"].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  writeScripts(scripts, OWN);
  for (const folder of [bin, programs, join(root, "run/systemd/system"), join(root, "var/lib/guichet")])
    mkdirSync(folder, { recursive: true });
  const calls = join(root, "calls");
  const program = (path: string, text: string) => {
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
  };
  for (const name of STUBS) program(join(bin, name), `echo "${name} $*" >> ${calls}`);
  program(
    join(bin, "node"),
    `[ "$2" = --compile ] && echo of one time >> "$(echo "$1" | sed 's/cjs$/bundle.cjs.cache/')"`,
  );
  program(join(programs, "guichet"), `echo "guichet $*" >> ${calls}`);
  const compiled = () => readFileSync(join(programs, "core.bundle.cjs.cache"), "utf8");
  const caches = () => readdirSync(programs).filter((name) => name.endsWith(".cache"));
  const script = (name: string, ...args: string[]) => {
    const text = readFileSync(join(scripts, name), "utf8")
      .replaceAll("/usr/lib/guichet", programs)
      .replaceAll("/run/systemd/system", join(root, "run/systemd/system"))
      .replaceAll("/var/lib/guichet", join(root, "var/lib/guichet"));
    writeFileSync(calls, "");
    const { status, stderr } = spawnSync("sh", ["-c", text, name, ...args], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, GUICHET_FORCE: force },
    });
    return { status, stderr, calls: readFileSync(calls, "utf8") };
  };
  let force = "";
  assert.is(script("postinst", "triggered").status, 0);
  assert.ok(caches().includes("core.bundle.cjs.cache"), "compiled");
  return {
    script,
    caches,
    compiled,
    forced: () => {
      force = "yes";
    },
  };
}

test("an older version is refused before anything is stopped, by the one that is here and by the one to come", (t) => {
  const { script, caches, forced } = board(t);
  const before = caches();
  const words =
    (here: string, next: string) =>
    (name: string, ...args: string[]) => {
      const { status, stderr, calls } = script(name, ...args);
      assert.is(status, 1, name);
      assert.is(
        stderr,
        `guichet: ${here} was installed here, and ${next} may not understand what it has written. Nothing was changed.\n`,
      );
      assert.is(calls, "", "nothing was asked, nothing was stopped");
      assert.equal(caches(), before);
    };
  words(OWN, "0.1.0")("prerm", "upgrade", "0.1.0");
  words("0.1.10", OWN)("prerm", "failed-upgrade", "0.1.10", OWN);
  words("0.1.10", OWN)("preinst", "upgrade", "0.1.10", OWN);
  forced();
  const { status, calls } = script("prerm", "upgrade", "0.1.0");
  assert.is(status, 0);
  assert.match(calls, /^systemctl stop .*guichet-provisioner/m);
  assert.equal(caches(), []);
});

test("the same version, a newer one and a removal stop the unit at rest", (t) => {
  for (const [action, ...versions] of [
    ["upgrade", "0.1.10"],
    ["upgrade", OWN],
    ["failed-upgrade", "0.1.0", OWN],
    ["remove"],
  ] as [string, ...string[]][]) {
    const { script, caches } = board(t);
    const { status, calls, stderr } = script("prerm", action, ...versions);
    assert.is(status, 0, `${action} ${stderr}`);
    assert.match(calls, /^guichet rest --wait \d+\nsystemctl stop .*guichet-core/m, action);
    assert.equal(caches(), [], action);
  }
});

test("an upgrade that is taken back leaves everything compiled, and compiles nothing twice", (t) => {
  const { script, caches, compiled } = board(t);
  const before = caches();
  script("prerm", "upgrade", "0.1.2");
  assert.equal(caches(), []);
  const back = script("postinst", "abort-upgrade", "0.1.2");
  assert.is(back.status, 0);
  assert.equal(caches(), before);
  assert.match(back.calls, /^systemctl start --no-block guichet\.target$/m);
  script("postinst", "abort-upgrade", "0.1.2");
  assert.is(compiled(), "of one time\n");
});

run();
