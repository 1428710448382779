import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { VERSION } from "../drivers/kit/index.ts";

/**
 * Builds `dist/deb/guichet_<version>_<architecture>.deb` from `dist/unit` and `provisioning/package`. The same sources make
 * the same bytes: every time in it is that of the last commit.
 */
const SOURCE = "provisioning/package";
const PROGRAMS = "usr/lib/guichet";

/** Where the files of `provisioning/package` and the docs go on a unit. */
const PLACES: Record<string, string> = {
  browser: `${PROGRAMS}/browser`,
  "sysusers.conf": "usr/lib/sysusers.d/guichet.conf",
  "tmpfiles.conf": "usr/lib/tmpfiles.d/guichet.conf",
  "udev.rules": "usr/lib/udev/rules.d/71-guichet.rules",
  "../udev/70-guichet-usb.rules": "usr/lib/udev/rules.d/70-guichet-usb.rules",
  "policies.json": "etc/chromium/policies/managed/guichet.json",
  "system.conf": "usr/lib/systemd/system.conf.d/50-guichet.conf",
  "sysctl.conf": "usr/lib/sysctl.d/50-guichet.conf",
  copyright: "usr/share/doc/guichet/copyright",
};
const DOCS = ["install.md", "provisioning.md", "diagnostics.md", "errors.md", "hardening.md"];
const EXECUTABLE = /^usr\/lib\/guichet\/(browser|guichet)$/;

export interface Package {
  /** Debian's name of the architecture. */
  architecture: "amd64" | "arm64";
  /** Folder with the built unit. */
  unit: string;
  outDir?: string;
  /** Of the package; that of this tree when absent. */
  version?: string;
  /** Without compression, for who only looks into it. */
  plain?: boolean;
}

/** @returns path of the package */
export function buildDeb({
  architecture,
  unit,
  outDir = "dist/deb",
  version = VERSION,
  plain,
}: Package): string {
  const root = join(outDir, `root-${architecture}`);
  rmSync(root, { recursive: true, force: true });
  for (const folder of ["usr/lib", "usr/bin"]) mkdirSync(join(root, folder), { recursive: true });
  // What V8 has compiled is made where it will run, by the very Node that runs it.
  cpSync(unit, join(root, PROGRAMS), {
    recursive: true,
    filter: (path) => !/\.cache$|\/bundle\.txt$/.test(path),
  });
  const put = (from: string, to: string) => {
    mkdirSync(join(root, to, ".."), { recursive: true });
    cpSync(from, join(root, to));
  };
  for (const [from, to] of Object.entries(PLACES)) put(join(SOURCE, from), to);
  for (const doc of DOCS)
    if (existsSync(join("docs", doc))) put(join("docs", doc), `usr/share/doc/guichet/${doc}`);
  writeUnits(join(root, "usr/lib/systemd/system"));
  const links: [string, string][] = [
    ["../lib/guichet/guichet", "usr/bin/guichet"],
    ["../guichet.target", "usr/lib/systemd/system/multi-user.target.wants/guichet.target"],
  ];
  for (const [target, path] of links) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    execFileSync("ln", ["-sfn", target, join(root, path)]);
  }
  writeControl(root, architecture, version);
  normalise(root, "");
  const file = join(outDir, `guichet_${version}_${architecture}.deb`);
  execFileSync(
    "dpkg-deb",
    [
      "--root-owner-group",
      ...(plain ? ["-Znone"] : ["-Zzstd", "-z12", "--threads-max=1"]),
      "--build",
      root,
      file,
    ],
    {
      env: { ...process.env, SOURCE_DATE_EPOCH: sourceDate() },
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  rmSync(root, { recursive: true });
  return file;
}

/** The units as they are shipped: with the lines that all share in place of `%hardening%`. */
export function writeUnits(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const shared = readFileSync(join(SOURCE, "hardening.conf"), "utf8").trimEnd();
  for (const name of readdirSync(join(SOURCE, "units"))) {
    const text = readFileSync(join(SOURCE, "units", name), "utf8");
    writeFileSync(
      join(folder, name),
      text.replace("%hardening%", () => shared),
    );
  }
}

/** What dpkg runs and reads, `control` not yet filled in: scripts that judge versions know that of their own package. */
export function writeScripts(folder: string, version: string): void {
  cpSync(join(SOURCE, "debian"), folder, { recursive: true });
  for (const name of ["preinst", "prerm"]) {
    const script = join(folder, name);
    writeFileSync(script, readFileSync(script, "utf8").replaceAll("%version%", version));
  }
}

function writeControl(root: string, architecture: string, version: string): void {
  const folder = join(root, "DEBIAN");
  writeScripts(folder, version);
  const size = execFileSync("du", ["-sk", "--apparent-size", "--exclude=DEBIAN", root], { encoding: "utf8" });
  const control = readFileSync(join(folder, "control"), "utf8")
    .replace("%version%", version)
    .replace("%architecture%", architecture)
    .replace("%size%", size.split("\t")[0] ?? "0");
  writeFileSync(join(folder, "control"), control);
}

/** Modes as they are to be, whatever the umask of the builder was. */
function normalise(root: string, path: string): void {
  for (const entry of readdirSync(join(root, path), { withFileTypes: true })) {
    const own = path === "" ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      chmodSync(join(root, own), 0o755);
      normalise(root, own);
    } else if (entry.isFile()) {
      const script = /^DEBIAN\/(preinst|postinst|prerm|postrm)$/.test(own) || EXECUTABLE.test(own);
      chmodSync(join(root, own), script ? 0o755 : 0o644);
    }
  }
}

const sourceDate = (): string =>
  process.env.SOURCE_DATE_EPOCH ??
  execFileSync("git", ["log", "-1", "--format=%ct"], { encoding: "utf8" }).trim();

const ARCHITECTURES: Record<string, Package["architecture"]> = { x64: "amd64", arm64: "arm64" };

if (import.meta.url === `file://${process.argv[1]}`) {
  const own = ARCHITECTURES[process.arch];
  const architecture = Object.values(ARCHITECTURES).find((name) => name === (process.env.ARCH || own));
  if (!architecture) throw new Error(`there is no package for ${process.env.ARCH || process.arch}`);
  const unit = architecture === own ? "dist/unit" : `dist/unit-${architecture}`;
  console.log(`built ${buildDeb({ architecture, unit })}`);
}
