import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { writeScripts } from "../../tools/deb.ts";
import { suite, type TestContext } from "../kit.ts";

const { test, run } = suite("the scripts of the Debian package");

const OWN = "0.1.1";
/** What it runs on a board is noted, and does nothing. */
const STUBS = [
  "systemctl",
  "udevadm",
  "sysctl",
  "systemd-sysusers",
  "systemd-tmpfiles",
  "userdel",
  "groupdel",
];

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
  program(
    join(programs, "guichet"),
    `echo "guichet $*" >> ${calls}; [ "$1" != rest ] && exec cat ${root}/says-$1; exit $(cat ${root}/says-rest || echo 0)`,
  );
  const compiled = () => readFileSync(join(programs, "core.bundle.cjs.cache"), "utf8");
  const caches = () => readdirSync(programs).filter((name) => name.endsWith(".cache"));
  const script = (name: string, ...args: string[]) => {
    const text = readFileSync(join(scripts, name), "utf8")
      .replaceAll("/usr/lib/guichet", programs)
      .replaceAll(/\/(run|var\/lib\/guichet|etc\/guichet|sys)(?=[/ \n])/g, `${root}/$1`);
    assert.not.match(text, /[^\w-]\/(run|var|etc|sys)\b/, "nothing of this machine");
    writeFileSync(calls, "");
    const { status, stderr } = spawnSync("sh", ["-c", text, name, ...args], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...settings },
    });
    return { status, stderr, calls: readFileSync(calls, "utf8") };
  };
  const settings: Record<string, string> = { GUICHET_FORCE: "" };
  assert.is(script("postinst", "triggered").status, 0);
  assert.ok(caches().includes("core.bundle.cjs.cache"), "compiled");
  return {
    script,
    caches,
    compiled,
    forced: () => {
      settings.GUICHET_FORCE = "yes";
    },
    purged: () => {
      settings.GUICHET_PURGE = "yes";
    },
    /** What the unit's command answers to a question. */
    says: (question: string, answer: string) => writeFileSync(join(root, `says-${question}`), answer),
    put: (path: string) => {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), "");
    },
    has: (path: string) => existsSync(join(root, path)),
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

test("only a unit that says that it is not at rest keeps a package out, not a command that is broken", (t) => {
  for (const [code, status] of Object.entries({ 3: 1, 0: 0, 1: 0, 2: 0, 127: 0 })) {
    const { script, says, caches } = board(t);
    says("rest", code);
    const asked = script("prerm", "upgrade", "0.1.10");
    assert.is(asked.status, status, `${code} ${asked.stderr}`);
    assert.is(/systemctl stop/.test(asked.calls), status === 0, code);
    assert.is(caches().length > 0, status !== 0, code);
  }
  // An older package, whose command is the one that is there, said it with 1.
  for (const code of ["1", "3"]) {
    const { script, says } = board(t);
    says("rest", code);
    assert.is(script("prerm", "failed-upgrade", "0.1.0", OWN).status, 1, code);
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

const [LEDGER, STORE] = ["var/lib/guichet/vault/ledger.db", "var/lib/guichet/store/store.db"];

test("a purge is refused while items lie in the unit or something waits for the centre, and when nobody knows", (t) => {
  const cases: [string, string | undefined, string | undefined, RegExp | undefined][] = [
    ["nothing is left", "0\n", "0\n", undefined],
    ["an item", "2\n", "0\n", /2 items lie in the unit/],
    ["a submission", "0\n", "1\n", /1 submissions and records wait for the centre/],
    ["what waits could not be counted", "0\n", undefined, /unknown submissions and records wait/],
  ];
  for (const [what, items, waiting, refused] of cases) {
    const { script, says, put, has, purged } = board(t);
    for (const path of [LEDGER, STORE]) put(path);
    for (const [question, answer] of Object.entries({ items, waiting }))
      if (answer !== undefined) says(question, answer);
    const removed = script("prerm", "remove");
    assert.is(removed.status, 0, what);
    assert.is(script("postrm", "remove").status, 0, what);
    assert.ok(has(STORE), what);
    const purge = script("postrm", "purge");
    assert.is(purge.status, refused ? 1 : 0, `${what} ${purge.stderr}`);
    assert.is(has(STORE) && has(LEDGER), refused !== undefined, what);
    if (!refused) continue;
    assert.match(removed.stderr, refused, what);
    assert.match(purge.stderr, refused, what);
    assert.match(purge.stderr, /GUICHET_PURGE=yes. Nothing was taken away/, what);
    purged();
    assert.is(script("postrm", "purge").status, 0, what);
    assert.not.ok(has("var/lib/guichet"), what);
  }
});

test("a board that has served nobody is purged, and what nobody has counted is not", (t) => {
  const fresh = board(t);
  fresh.script("prerm", "remove");
  assert.is(fresh.script("postrm", "purge").status, 0);
  for (const path of [LEDGER, STORE]) {
    const { script, put, has } = board(t);
    put(path);
    assert.is(script("postrm", "purge").status, 1, path);
    assert.ok(has(path));
  }
});

test("what was counted once does not count after the package was installed again", (t) => {
  const { script, says, put, has } = board(t);
  for (const path of [LEDGER, STORE]) put(path);
  for (const question of ["items", "waiting"]) says(question, "1\n");
  script("prerm", "remove");
  assert.ok(has("var/lib/guichet/items") && has("var/lib/guichet/waiting"));
  assert.is(script("postinst", "configure").status, 0);
  assert.not.ok(has("var/lib/guichet/items") || has("var/lib/guichet/waiting"));
});

run();
