import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import * as assert from "uvu/assert";
import { faultFile, openSupervisor } from "../../../runtime/ipc/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("what a service tells systemd");

/**
 * systemd's end, by hand: a datagram socket that asks the kernel who sends, a second one connected to it and handed over as
 * descriptor 3. Prints `pid-is-the-child message` for what comes in 1.5 s from the first on.
 */
const SYSTEMD = `
import os, socket, struct, sys, time
path = sys.argv[1]
here = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
here.bind(path)
here.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
there = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
there.connect(path)
pid = os.fork()
if pid == 0:
    os.dup2(there.fileno(), 3)
    env = dict(os.environ, LISTEN_FDS="1", LISTEN_FDNAMES="notify", LISTEN_PID=str(os.getpid()), WATCHDOG_USEC="400000", WATCHDOG_PID=str(os.getpid()))
    os.execvpe(sys.argv[2], sys.argv[2:], env)
there.close()
here.settimeout(15)
end = None
try:
    while end is None or time.monotonic() < end:
        data, control, _, _ = here.recvmsg(4096, socket.CMSG_SPACE(12))
        sender = struct.unpack("3i", control[0][2])[0]
        print(sender == pid, data.decode(), flush=True)
        if end is None: end = time.monotonic() + 1.5
        here.settimeout(max(0.01, end - time.monotonic()))
except socket.timeout:
    pass
os.kill(pid, 9)
`;

async function told(state: string, how: string): Promise<string[]> {
  const own = ["--import", "tsx", "test/runtime/ipc/service-process.ts", state, how];
  const child = spawn("python3", ["-c", SYSTEMD, join(state, "notify"), process.execPath, ...own], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return lines;
}

function folder(t: { after(teardown: () => void): void }): string {
  const state = mkdtempSync(join(tmpdir(), "guichet-supervisor-"));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  return state;
}

test("it is ready once it serves, by its own process, and beats four times in the time that systemd waits", async (t) => {
  const lines = await told(folder(t), "well");
  // Beats before it is ready are as good: systemd watches from then on only.
  const ready = lines.indexOf("True READY=1");
  assert.ok(ready >= 0, lines.join());
  const beats = lines.slice(ready + 1);
  assert.ok(beats.length >= 6 && beats.every((line) => line === "True WATCHDOG=1"), lines.join());
});

test("a service that is not well leaves its beats out, although its event loop turns", async (t) => {
  const lines = await told(folder(t), "hangs");
  const ready = lines.indexOf("True READY=1");
  assert.equal(lines.slice(ready + 1), ["True WATCHDOG=1", "True WATCHDOG=1"]);
});

test("one that does not start is never ready, ends with 1 and leaves its code where the console looks", async (t) => {
  const state = folder(t);
  mkdirSync(dirname(faultFile(state, "probe")), { recursive: true });
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "test/runtime/ipc/service-process.ts", state, "fails"],
    { stdio: "ignore" },
  );
  const status = await new Promise((resolve) => child.once("exit", resolve));
  assert.is(status, 1);
  assert.equal(JSON.parse(readFileSync(faultFile(state, "probe"), "utf8")), { code: "process.failed" });
});

test("another process's descriptors are not taken for its own", () => {
  const env = { LISTEN_PID: String(process.pid + 1), LISTEN_FDNAMES: "notify" };
  assert.is(openSupervisor(env), undefined);
  assert.is(openSupervisor({ LISTEN_PID: String(process.pid), LISTEN_FDNAMES: "other" }), undefined);
});

run();
