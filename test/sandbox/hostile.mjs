import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { closeSync, constants, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/**
 * A hostile program in the place of one process of a unit: it tries everything that is not its own and prints what it got
 * as one JSON object. Plain JavaScript without a package, so that it runs on a unit as it is; it ships in none.
 * usage: hostile.mjs ADDRESS:PORT... (where it tries to get to)
 */
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
// Content only: a name that is seen and not read is no file that was reached.
for (const root of [STATE, "/root", "/home", "/etc/guichet"])
  walk(root, 4, (path, entry) => {
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
  "/run/systemd/system",
  "/run/udev/rules.d",
  "/boot",
  "/var/lib",
  "/usr/bin",
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
for (const path of ["/sys/kernel/mm/ksm/run", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"])
  tried(got.written, path, () => closeSync(openSync(path, "r+")));

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
const SOCKETS = [
  "/run/guichet/core/socket",
  "/run/guichet/vault/socket",
  "/run/guichet/senses/socket",
  "/run/guichet/stick.sock",
  "/run/systemd/private",
  "/run/dbus/system_bus_socket",
  "/run/seatd.sock",
];
for (const path of SOCKETS) await reach(got.sockets, path, { path });
for (const target of process.argv.slice(2)) {
  const at = target.lastIndexOf(":");
  await reach(got.addresses, target, { host: target.slice(0, at), port: Number(target.slice(at + 1)) });
}
await new Promise((resolve) => {
  const socket = createSocket("udp4");
  socket.once("error", resolve);
  const first = process.argv[2] ?? "127.0.0.1:53";
  socket.send("x", 53, first.slice(0, first.lastIndexOf(":")), (error) => {
    if (!error) got.addresses.push(`udp ${first.slice(0, first.lastIndexOf(":"))}`);
    socket.close();
    resolve();
  });
});
writeSync(1, `${JSON.stringify(got)}\n`);
process.exit(0);
