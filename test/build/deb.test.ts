import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { STICK_RULES } from "../../runtime/grants/index.ts";
import { buildDeb, writeUnits } from "../../tools/deb.ts";
import { suite } from "../kit.ts";
import { exposureOf, GOALS, unexplained } from "../sandbox/exposure.ts";

const { test, run } = suite("the Debian package", 120_000);

const temporary = (t: { after(teardown: () => void): void }): string => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-deb-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

test("holds what a unit runs, nothing of the bench and of developing, with modes of its own; twice the same bytes", (t) => {
  const outDir = temporary(t);
  const build = () => buildDeb({ architecture: "amd64", unit: "dist/unit", outDir, plain: true });
  const file = build();
  const first = createHash("sha256").update(readFileSync(file)).digest("hex");
  assert.is(createHash("sha256").update(readFileSync(build())).digest("hex"), first);
  const dpkg = (...args: string[]) => execFileSync("dpkg-deb", args, { encoding: "utf8" });
  const entries = dpkg("-c", file)
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/))
    .map(([mode, owner, , , , name]) => ({ mode, owner, name: name ?? "" }));
  for (const { mode, owner, name } of entries) {
    assert.is(owner, "root/root", name);
    assert.match(mode ?? "", /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx)$/, name);
    assert.not.match(
      name,
      /bench|dist\/dev|\.test\.|hostile|node-pty|aedes|fastify|playwright|esbuild|\.cache$|\.ts$/,
      name,
    );
  }
  const names = new Set(entries.map(({ name }) => name));
  for (const name of ["core", "vault", "senses", "provisioner", "console", "grants", "stick", "usb-gate"])
    assert.ok(names.has(`./usr/lib/guichet/${name}.cjs`), name);
  for (const name of readdirSync("provisioning/package/units"))
    assert.ok(names.has(`./usr/lib/systemd/system/${name}`), name);
  assert.ok(
    names.has("./usr/share/doc/guichet/copyright") && names.has("./usr/share/doc/guichet/install.md"),
  );
  const control = dpkg("-f", file);
  assert.match(control, /^Depends: nodejs \(>= 20\), systemd \(>= 254\)/m);
  assert.match(control, /^Installed-Size: \d{4,}$/m);
});

test("its scripts are shell, and every program that is started is compiled when it is installed", () => {
  for (const name of ["preinst", "postinst", "prerm", "postrm"])
    execFileSync("sh", ["-n", `provisioning/package/debian/${name}`]);
  execFileSync("bash", ["-n", "provisioning/package/browser"]);
  const compiled = /programs="([^"]+)"/.exec(readFileSync("provisioning/package/debian/postinst", "utf8"));
  const bundled = readdirSync("dist/unit").flatMap((name) => /^(.*)\.bundle\.cjs$/.exec(name)?.[1] ?? []);
  assert.equal(compiled?.[1]?.split(" ").sort(), bundled.sort());
});

/** What must be loaded for the kernel to know a class of devices; the others are part of it. */
const MODULES: Record<string, string> = {
  "block-sd": "sd_mod",
  "char-ttyUSB": "usbserial",
  "char-ttyACM": "cdc_acm",
  "char-i2c": "i2c_dev",
  "char-video4linux": "videodev",
  "char-media": "videodev",
};

test("a class of devices is known to the kernel before a service that may use it is started", () => {
  const units = readdirSync("provisioning/package/units")
    // The reader of sticks is started when there is one.
    .filter((name) => name.endsWith(".service") && !name.includes("@"))
    .map((name) => ({ name, text: readFileSync(`provisioning/package/units/${name}`, "utf8") }));
  let seen = 0;
  for (const { name, text } of units)
    for (const [, kind = ""] of text.matchAll(/^DeviceAllow=((?:block|char)-\S+)/gm)) {
      const module = MODULES[kind];
      if (!module) continue;
      for (const key of ["Wants", "After"])
        assert.match(text, new RegExp(`^${key}=(.* )?modprobe@${module}\\.service`, "m"), `${name}: ${kind}`);
      seen++;
    }
  assert.ok(seen >= 6, `${seen}`);
});

test("systemd never kills the guardian of GPIO locks, which outlives the vault to end its pulse", () => {
  const vault = readFileSync("provisioning/package/units/guichet-vault.service", "utf8");
  assert.equal(vault.match(/^KillMode=.*$/gm), ["KillMode=process"]);
});

/** Seconds until a service that ends again and again is tried anew, one after the other, as systemd 254 reckons. */
function delays(text: string, count: number): number[] {
  const setting = (name: string) => new RegExp(`^${name}=(\\d+)(ms)?$`, "m").exec(text);
  const seconds = (name: string) => Number(setting(name)?.[1]) / (setting(name)?.[2] ? 1_000 : 1);
  const [first, last, steps] = [
    seconds("RestartSec"),
    seconds("RestartMaxDelaySec"),
    seconds("RestartSteps"),
  ];
  return Array.from({ length: count }, (_, n) =>
    n + 1 > steps ? last : first * (last / first) ** (n / steps),
  );
}

for (const name of ["provisioner", "usb"])
  test(`a ${name} that cannot start is tried ever more seldom, and one that has crashed comes back at once`, (t) => {
    const folder = temporary(t);
    writeUnits(folder);
    const text = readFileSync(join(folder, `guichet-${name}.service`), "utf8");
    const tries = delays(text, 60);
    assert.is(tries[0], 0.5);
    assert.ok(Math.max(...tries.slice(0, 4)) < 1, `${tries}`);
    assert.is(tries.at(-1), 20);
    assert.match(
      text,
      new RegExp(`^ExecStartPost=-\\+/usr/bin/systemctl reset-failed guichet-${name}\\.service$`, "m"),
      "what failed before it has started is not held against it",
    );
    // So that it can be asked at all, and by nobody else.
    assert.match(text, /^BindReadOnlyPaths=.*\/run\/systemd\/private$/m);
    assert.match(text, /^InaccessiblePaths=-\/run\/systemd\/private$/m);
    assert.ok(tries.slice(0, 30).reduce((sum, one) => sum + one, 0) < 600, "slow within ten minutes");
  });

test("the gate, which hears what strangers' devices say, cannot write rules of udev and waits for who does", () => {
  const unit = (name: string) => readFileSync(`provisioning/package/units/guichet-${name}.service`, "utf8");
  assert.not.match(unit("usb"), /^(ReadWrite|Bind)Paths=.*\/(run\/udev|run( |$))/m);
  assert.match(unit("usb"), /^ReadWritePaths=\/sys\/devices/m);
  for (const key of ["Wants", "After"])
    assert.match(unit("usb"), new RegExp(`^${key}=guichet-port\\.service$`, "m"));
  assert.match(unit("port"), /^ReadWritePaths=-\/run\/udev -\/sys\/devices$/m);
  assert.match(unit("port"), /^ExecStart=.* --board \/etc\/guichet\/board\.json$/m);
  assert.ok(unit("port").includes(`ConditionPathExists=|${STICK_RULES}\n`));
  const gone = readFileSync("provisioning/package/debian/postrm", "utf8");
  assert.ok(gone.includes(` ${STICK_RULES} `), "what it has written goes with the package");
  // What every unit has in common says nothing of one board's port.
  assert.not.match(readFileSync("provisioning/udev/70-guichet-usb.rules", "utf8"), /block/);
});

test("every service of the unit is in the one slice of which nothing is swapped", (t) => {
  const folder = temporary(t);
  writeUnits(folder);
  const services = readdirSync(folder).filter((name) => name.endsWith(".service"));
  assert.ok(services.length >= 11, `${services}`);
  for (const name of services)
    assert.equal(
      readFileSync(join(folder, name), "utf8").match(/^Slice=.*$/gm),
      ["Slice=guichet.slice"],
      name,
    );
  assert.match(readFileSync(join(folder, "guichet.slice"), "utf8"), /^\[Slice\]\n(#.*\n)*MemorySwapMax=0$/m);
});

test("the provisioner's lock lies in memory, in a folder of its own that it may write", () => {
  const unit = readFileSync("provisioning/package/units/guichet-provisioner.service", "utf8");
  assert.match(unit, /^ReadWritePaths=.* \/run\/guichet\/provisioner( |$)/m);
  const folders = readFileSync("provisioning/package/tmpfiles.conf", "utf8");
  assert.match(folders, /^d \/run\/guichet\/provisioner +0700 guichet-provisioner guichet-provisioner /m);
  assert.match(folders, /^L\+ \/var\/lib\/guichet\/run - - - - \/run\/guichet$/m);
});

test("systemd reads its units without a complaint", (t) => {
  const folder = temporary(t);
  writeUnits(folder);
  const units = readdirSync(folder).filter((name) => !name.includes("@"));
  const { stderr } = spawnSync(
    "systemd-analyze",
    ["verify", "--recursive-errors=no", ...units.map((name) => join(folder, name))],
    {
      encoding: "utf8",
    },
  );
  const complaints = stderr
    .split("\n")
    // What is not there where this is built: the programs themselves, and settings that came with systemd 253 and 254.
    .filter((line) => line.includes(folder) || line.includes("guichet"))
    .filter(
      (line) =>
        !/Unknown key( name)? '(OpenFile|RestartSteps|RestartMaxDelaySec)'|is not executable: No such file|seatd\.service/.test(
          line,
        ),
    );
  assert.equal(complaints, []);
  assert.ok(existsSync(join(folder, "guichet-core.service")));
});

test("no process is more exposed than it may be, and what was relaxed is explained", (t) => {
  const folder = temporary(t);
  writeUnits(folder);
  for (const [unit, goal] of Object.entries(GOALS)) {
    const exposure = exposureOf(folder, unit);
    assert.ok(exposure.score <= goal, `${unit}: ${exposure.score} > ${goal}`);
    assert.equal(unexplained(unit, exposure, readFileSync("docs/hardening.md", "utf8")), []);
    assert.is.not(unexplained(unit, exposure, "").length, 0, "the check has teeth");
  }
});

run();
