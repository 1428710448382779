const { spawnSync } = require("node:child_process");
const { createSocket } = require("node:dgram");
const {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeSync,
} = require("node:fs");
const { connect } = require("node:net");
const { join } = require("node:path");

/**
 * A hostile program in the place of one process of a unit: it tries everything that is not its own and prints what it got
 * as one JSON object. Plain JavaScript without a package, so that it runs on a unit as it is; it ships in none. It uses no
 * thread of its own, so that it starts where the reader of sticks does.
 * usage: hostile.cjs [--all-files] ADDRESS:PORT... (where it tries to get to)
 */
const targets = process.argv.slice(2).filter((one) => one !== "--all-files");
const allFiles = process.argv.includes("--all-files");
const got = {
  files: [],
  written: [],
  sockets: [],
  devices: [],
  addresses: [],
  processes: [],
  privileges: [],
};
const tried = (list, name, attempt) => {
  try {
    if (attempt() !== false) list.push(name);
  } catch (error) {
    // A device that nobody serves was reached all the same: its right was not refused.
    if (["ENXIO", "ENODEV", "EIO", "EBUSY"].includes(error.code)) list.push(name);
  }
};

const walk = (path, depth, visit) => {
  let entries;
  try {
    entries = readdirSync(path, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const own = join(path, entry.name);
    visit(own, entry);
    if (entry.isDirectory() && depth > 0) walk(own, depth - 1, visit);
  }
};

const STATE = "/var/lib/guichet";
/** What it leaves behind; what it left in another's place is nobody's file. */
const PLANT = "hostile-was-here";
/** Where files of a system lie that are no programs. */
const ELSEWHERE = [
  "/etc",
  "/var",
  "/run",
  "/srv",
  "/opt",
  "/mnt",
  "/media",
  "/boot",
  "/sys/class",
  "/sys/bus",
];
// Content only: a name that is seen and not read is no file that was reached.
for (const root of [STATE, "/root", "/home", "/etc/guichet", ...(allFiles ? ELSEWHERE : [])])
  walk(root, 4, (path, entry) => {
    // What systemd itself lays over what is to be hidden is empty and opens nothing.
    if (path.startsWith("/run/systemd/inaccessible/")) return;
    if (entry.isFile() && entry.name !== PLANT) tried(got.files, path, () => readFileSync(path).length >= 0);
  });
for (const path of ["/etc/shadow", "/proc/1/environ", "/proc/kcore", "/dev/mem"])
  tried(got.files, path, () => readFileSync(path).length >= 0);

for (const folder of [
  STATE,
  ...["config.d", "keys", "inbox", "store", "vault", "senses", "attestation"].map((name) =>
    join(STATE, name),
  ),
  "/usr/lib/guichet",
  "/etc",
  "/etc/guichet",
  "/run",
  "/run/systemd/system",
  "/run/udev/rules.d",
  "/boot",
  "/var/lib",
  "/usr/bin",
  "/run/guichet",
  ...[
    "core",
    "vault",
    "senses",
    "screen",
    "restart",
    "faults/core",
    "faults/vault",
    "faults/senses",
    "faults/provisioner",
  ].map((name) => join("/run/guichet", name)),
])
  tried(got.written, folder, () => closeSync(openSync(join(folder, PLANT), "w")));
for (const path of [
  "/run/guichet/hosts",
  "/etc/hosts",
  "/sys/kernel/mm/ksm/run",
  "/proc/sys/kernel/core_pattern",
  "/proc/sysrq-trigger",
])
  tried(got.written, path, () => closeSync(openSync(path, "r+")));
// The stick itself: to be read through the descriptor, not to be written through it or opened anew.
if (fstatSync(0).isBlockDevice()) {
  tried(got.written, "its input", () => writeSync(0, Buffer.alloc(512)) > 0);
  tried(got.written, "its input, opened anew", () => closeSync(openSync("/proc/self/fd/0", "r+")));
}

walk("/dev", 3, (path, entry) => {
  if (!entry.isCharacterDevice() && !entry.isBlockDevice()) return;
  // Everybody's: nothing lies behind them.
  if (/^\/dev\/(null|zero|full|random|urandom|tty|ptmx)$|^\/dev\/(pts|shm)\//.test(path)) return;
  tried(got.devices, path, () => {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY));
  });
});

walk("/proc", 0, (path, entry) => {
  if (/^\d+$/.test(entry.name) && Number(entry.name) !== process.pid && Number(entry.name) !== process.ppid)
    tried(
      got.processes,
      readFileSync(join(path, "cmdline"), "utf8").split("\0").slice(0, 2).join(" "),
      () => statSync(path).uid >= 0,
    );
});

const run = (program, ...args) => spawnSync(program, args, { timeout: 10_000 }).status === 0;
tried(got.privileges, "setuid", () => {
  process.setuid(0);
});
tried(got.privileges, "a shell", () => run("/bin/sh", "-c", "true"));
tried(got.privileges, "a program by its loader", () => {
  const loader = readdirSync("/lib64").find((name) => name.startsWith("ld-linux"));
  return run(join("/lib64", loader), "/bin/true");
});
tried(got.privileges, "another of itself", () => run(process.execPath, ...process.execArgv, "-e", "0"));
tried(got.privileges, "namespace", () => run("unshare", "--user", "--map-root-user", "true"));
tried(got.privileges, "mount", () => run("mount", "-t", "tmpfs", "none", "/tmp"));
tried(got.privileges, "restart", () => run("systemctl", "restart", "guichet-vault.service"));
tried(got.privileges, "kill", () => process.kill(1, 0));
tried(got.privileges, "fast clock", () => run("date", "-s", "2030-01-01"));
tried(got.privileges, "setuid file", () => {
  closeSync(openSync("/tmp/hostile", "w", 0o755));
  return run("chmod", "4755", "/tmp/hostile");
});
tried(got.privileges, "executable memory", () => {
  // Every program that compiles at run time needs it; the reader of sticks does not.
  new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
});

const reach = (list, name, options) =>
  new Promise((resolve) => {
    try {
      const socket = connect(options);
      const end = (reached) => {
        if (reached) list.push(name);
        socket.destroy();
        resolve();
      };
      socket.setTimeout(3_000, () => end(false));
      socket.once("connect", () => end(true));
      // Refused by the other side is reached all the same.
      socket.once("error", (error) => end(error.code === "ECONNREFUSED" && !options.path));
    } catch {
      resolve();
    }
  });
const send = (host, port) =>
  new Promise((resolve) => {
    try {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
      const end = (error) => {
        if (!error) got.addresses.push(`udp ${host}`);
        socket.close();
        resolve();
      };
      socket.once("error", end);
      socket.send("x", port, host, end);
    } catch {
      resolve();
    }
  });

/** Sockets with a name in the file system, and those without. */
const sockets = new Set(["/run/systemd/private", "/run/dbus/system_bus_socket", "/run/seatd.sock"]);
walk("/run", 4, (path, entry) => entry.isSocket() && sockets.add(path));
try {
  for (const line of readFileSync("/proc/self/net/unix", "utf8").split("\n")) {
    const name = line.split(/\s+/)[7];
    if (name?.startsWith("@")) sockets.add(`\0${name.slice(1)}`);
  }
} catch {
  // none to be seen
}

const main = async () => {
  await Promise.all([
    ...[...sockets].map((path) => reach(got.sockets, path.replace("\0", "@"), { path })),
    ...targets.flatMap((target) => {
      const at = target.lastIndexOf(":");
      const host = target.slice(0, at).replace(/^\[|\]$/g, "");
      const port = Number(target.slice(at + 1));
      return [reach(got.addresses, target, { host, port }), send(host, port)];
    }),
  ]);
  writeSync(1, `${JSON.stringify(got)}\n`);
  process.exit(0);
};
void main();
