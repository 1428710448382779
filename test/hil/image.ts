import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Debian 13: the first with a Node that is new enough. */
const SUITE = "trixie";
/** What a board's own image would bring, and what stands in for its hardware. */
const PACKAGES = [
  ...["linux-image-amd64", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "ca-certificates", "apt"],
  ...["nodejs", "i2c-tools", "v4l-utils"],
];
const KITCHEN = ["gcc", "make", "xz-utils", "linux-source-6.12"];
const GUEST = "test/hil/guest";

export interface Image {
  /** Raw disk with the root file system, never written to. */
  disk: string;
  /** The same before the package was installed, with the package beside it: a board as it is bought. */
  bare: string;
  kernel: string;
  initrd: string;
}

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "guichet", "hil");

const run = (program: string, args: string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 26 });

/** Address of the Debian archive that this machine itself installs from. */
function mirror(): string {
  const rows = run("apt-get", [
    "indextargets",
    "--format",
    "$(ORIGIN) $(RELEASE) $(REPO_URI)",
    "Created-By: Packages",
  ]);
  const main = rows.split("\n").find((row) => /^Debian [a-z]+ \S+$/.test(row));
  const address = main?.split(" ")[2];
  if (!address) throw new Error("this machine's apt sources name no Debian archive");
  return address;
}

/** A file or folder of the cache, made when its inputs are new. Half a one never has the name. */
function kept(name: string, inputs: string[], make: (path: string) => void): string {
  const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
  const path = join(cache, `${name}-${key}`);
  if (existsSync(path)) return path;
  const started = performance.now();
  rmSync(`${path}.new`, { recursive: true, force: true });
  make(`${path}.new`);
  for (const old of readdirSync(cache))
    if (old.startsWith(`${name}-`) && join(cache, old) !== `${path}.new`)
      rmSync(join(cache, old), { recursive: true, force: true });
  renameSync(`${path}.new`, path);
  console.log(`${name}: made in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return path;
}

function texts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .sort()
    .flatMap((path) => [path, readFileSync(path, "utf8")]);
}

const hook = (text: string): string => `--customize-hook=${text}`;

/**
 * Makes what is missing of the guest's disk, with the package installed; needs root and the archive for what is not in the
 * cache. Packages are installed by this machine's own processor, in the guest's root: the emulated one takes minutes.
 */
export function guestImage(deb: string): Image {
  mkdirSync(cache, { recursive: true });
  const options = [
    ...[
      "--quiet",
      "--dpkgopt=force-unsafe-io",
      "--dpkgopt=force-confold",
      '--aptopt=Acquire::Languages "none"',
    ],
    // The first file system is made once, at the end, and small.
    '--essential-hook=mkdir -p "$1/etc/initramfs-tools"',
    '--essential-hook=echo update_initramfs=no > "$1/etc/initramfs-tools/update-initramfs.conf"',
  ];
  const root = kept("root", [SUITE, ...PACKAGES], (path) => {
    run("mmdebstrap", [
      ...options,
      "--variant=minbase",
      `--include=${PACKAGES.join(",")}`,
      "--format=tar",
      SUITE,
      path,
      mirror(),
    ]);
  });
  const modules = kept("modules", [root, ...KITCHEN, ...texts(join(GUEST, "modules"))], (path) => {
    const release = run("tar", ["-tf", root, "--wildcards", "./boot/vmlinuz-*"])
      .trim()
      .replace(/^.*vmlinuz-/, "");
    run("mmdebstrap", [
      ...options,
      "--variant=apt",
      "--format=null",
      `--include=${[...KITCHEN, `linux-headers-${release}`].join(",")}`,
      hook('mkdir "$1/build"'),
      hook(`copy-in ${join(GUEST, "modules")}/build.sh ${join(GUEST, "modules")}/compat.h /build`),
      hook(
        'chroot "$1" sh -c "cd /tmp && apt-get download -qq v4l2loopback-dkms && dpkg-deb -x v4l2loopback-dkms*.deb /"',
      ),
      hook('chroot "$1" sh /build/build.sh'),
      hook(`tar -C "$1/modules" -cf ${path} lib`),
      SUITE,
      "/dev/null",
      mirror(),
    ]);
  });
  const hash = createHash("sha256").update(readFileSync(deb)).digest("hex");
  const files = [...texts(join(GUEST, "root")), readFileSync(`${GUEST}/assemble.sh`, "utf8")];
  const image = kept("image", [modules, hash, ...files], (path) => {
    mkdirSync(path);
    run("sh", [join(GUEST, "assemble.sh"), root, modules, join(GUEST, "root"), deb, path]);
  });
  return {
    disk: join(image, "root.img"),
    bare: join(image, "bare.img"),
    kernel: join(image, "vmlinuz"),
    initrd: join(image, "initrd"),
  };
}

/** A disk that begins as `base` and keeps what is written in a file of its own. */
export function overlay(base: string, disk: string): void {
  rmSync(disk, { force: true });
  run("qemu-img", [
    "create",
    "-q",
    "-f",
    "qcow2",
    "-b",
    base,
    "-F",
    base.endsWith(".qcow2") ? "qcow2" : "raw",
    disk,
  ]);
}
