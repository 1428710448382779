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
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { suite, type TestContext } from "../kit.ts";

const { test, run } = suite("docs/install.md: the commands as they are written");

const BLOCKS = [...readFileSync("docs/install.md", "utf8").matchAll(/^```sh install\n(.*?)^```/gms)].map(
  ([, text = ""]) => text,
);
const ARGUMENT = "usbcore.authorized_default=0";
const PORT = '{ "usb": { "servicePort": "1-1.4", "internal": [] } }';

interface Disk {
  /** What the root is on, as lsblk says of it and of what it lies on. */
  transport?: string;
  loaders?: string[];
}

/** A board's files in a folder, and the block run on them as a script runs it. */
function board(t: TestContext, files: Record<string, string>, { transport = "", loaders = [] }: Disk = {}) {
  const root = mkdtempSync(join(tmpdir(), "guichet-install-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const put = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), mode);
  };
  put("bin/findmnt", '#!/bin/sh\n[ "$3" = / ] && echo /dev/sda2\n', 0o755);
  put("bin/lsblk", `#!/bin/sh\n[ "$3" = /dev/sda2 ] && printf '\\n%s\\n' "${transport}"\n`, 0o755);
  for (const name of loaders)
    put(`bin/${name}`, `#!/bin/sh\necho ran >> ${root}/${name}\necho "${name} $*" >> ${root}/asked\n`, 0o755);
  for (const [path, text] of Object.entries(files)) put(path, text);
  const bin = join(root, "bin");
  return {
    read: (path: string) => readFileSync(join(root, path), "utf8"),
    has: (path: string) => existsSync(join(root, path)),
    everything: () =>
      readdirSync(root, { recursive: true, encoding: "utf8", withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.parentPath !== bin)
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
    /** Runs the block that has this in it. */
    run: (what = "authorized_default") => {
      const text =
        BLOCKS.find((block) => block.includes(what))?.replaceAll(
          / \/(etc|boot\/firmware)\//g,
          ` ${root}/$1/`,
        ) ?? "false";
      const { status, stderr } = spawnSync("bash", ["-eux", "-c", text], {
        encoding: "utf8",
        // Nothing of this machine's own loaders.
        env: { PATH: `${bin}:/usr/bin:/bin` },
      });
      assert.is(status, 0, stderr);
    },
  };
}

test("a Raspberry Pi, and Debian with GRUB or U-Boot, are told once, however often it is run", (t) => {
  const pi = board(t, {
    "etc/guichet/board.json": PORT,
    "boot/firmware/cmdline.txt": "console=tty1 root=PARTUUID=1 rootwait\n",
  });
  const grub = board(t, { "etc/guichet/board.json": PORT }, { transport: "nvme", loaders: ["update-grub"] });
  const uBoot = board(t, { "etc/guichet/board.json": PORT }, { loaders: ["u-boot-update"] });
  const line = board(
    t,
    { "etc/guichet/board.json": PORT, "etc/kernel/cmdline": "root=/dev/sda2 ro" },
    { loaders: ["u-boot-update"] },
  );
  for (const one of [pi, grub, uBoot, line, pi, grub, uBoot, line]) one.run();
  assert.is(
    pi.read("boot/firmware/cmdline.txt"),
    `console=tty1 root=PARTUUID=1 rootwait ${ARGUMENT}\n`,
    "one line",
  );
  assert.is(
    grub.read("etc/default/grub.d/guichet.cfg"),
    `GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX ${ARGUMENT}"\n`,
  );
  assert.is(grub.read("update-grub"), "ran\nran\n");
  const sourced = (set: string) =>
    spawnSync(
      "sh",
      ["-c", `${set}\n${uBoot.read("etc/u-boot-menu/conf.d/guichet.conf")}echo $U_BOOT_PARAMETERS`],
      {
        encoding: "utf8",
      },
    ).stdout;
  assert.is(sourced(""), `ro quiet ${ARGUMENT}\n`);
  assert.is(sourced("U_BOOT_PARAMETERS='ro splash'"), `ro splash ${ARGUMENT}\n`);
  assert.is(uBoot.read("u-boot-update"), "ran\nran\n");
  assert.is(line.read("etc/kernel/cmdline").trim(), `root=/dev/sda2 ro ${ARGUMENT}`);
  assert.not.ok(line.has("etc/u-boot-menu/conf.d/guichet.conf"), "its parameters would hide that line");
});

test("a board without a service port, or one that starts from USB, is left as it is", (t) => {
  const cmdline = { "boot/firmware/cmdline.txt": "rootwait\n" };
  const boards = [
    board(t, cmdline, { loaders: ["update-grub", "u-boot-update"] }),
    board(t, { ...cmdline, "etc/guichet/board.json": '{ "light": {} }' }, { loaders: ["update-grub"] }),
    board(
      t,
      { ...cmdline, "etc/guichet/board.json": PORT },
      { transport: "usb", loaders: ["update-grub", "u-boot-update"] },
    ),
  ];
  for (const one of boards) {
    const before = one.everything();
    one.run();
    assert.equal(one.everything(), before);
  }
});

test("swap is off, and whatever would bring it back at the next start is kept from it", (t) => {
  const off = board(
    t,
    { "etc/fstab": "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n" },
    { loaders: ["swapoff", "systemctl"] },
  );
  off.run("swapoff");
  assert.is(off.read("etc/fstab"), "UUID=1 / ext4 defaults 0 1\n");
  assert.equal(off.read("asked").split("\n"), [
    "swapoff -a",
    "systemctl disable --now dphys-swapfile.service",
    "systemctl mask swap.target",
    "",
  ]);
  const checks = BLOCKS.find((block) => block.includes("is-active"));
  assert.match(checks ?? "", /^test -z "\$\(swapon --show\)"$/m);
});

run();
