import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { eventually, suite } from "../kit.ts";

const { test, run } = suite("the service of the browser");

/** The shipped script with a program in the place of the compositor; what it tells systemd goes into a file. */
async function session(t: { after(teardown: () => unknown): void }, compositor: string) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-browser-"));
  const core = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => core.listen(0, "127.0.0.1", resolve));
  const { port } = core.address() as AddressInfo;
  for (const name of ["screen", "bin", "own"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "screen", "address"), `http://127.0.0.1:${port}/?t=secret\n`);
  writeFileSync(join(folder, "bin", "cage"), `#!/bin/bash\necho "$@" > ${folder}/arguments\n${compositor}\n`);
  chmodSync(join(folder, "bin", "cage"), 0o755);
  const child = spawn("bash", ["provisioning/package/browser"], {
    stdio: ["ignore", "ignore", "inherit", openSync(join(folder, "told"), "a")],
    env: {
      PATH: `${join(folder, "bin")}:${process.env.PATH}`,
      GUICHET_SCREEN: join(folder, "screen"),
      XDG_RUNTIME_DIR: join(folder, "own"),
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  t.after(async () => {
    child.kill("SIGKILL");
    core.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ended,
    told: () => readFileSync(join(folder, "told"), "utf8"),
    arguments: () => readFileSync(join(folder, "arguments"), "utf8"),
  };
}

test("it is ready when the page has drawn, beats while it draws, and ends when the browser ends", async (t) => {
  const browser = await session(t, "sleep 0.2; touch painted; sleep 1; touch painted; sleep 1");
  await eventually("it is ready", () => browser.told().startsWith("READY=1"));
  assert.is(await browser.ended, 1);
  assert.match(browser.told(), /^READY=1(WATCHDOG=1)+$/);
  assert.match(browser.arguments(), /^-- chromium --kiosk .*http:\/\/127\.0\.0\.1:\d+\/\?t=secret$/m);
  assert.not.match(browser.arguments(), /no-sandbox|remote-debugging/);
});

test("a page that does not draw is never told to be ready", async (t) => {
  const browser = await session(t, "sleep 1.5");
  assert.is(await browser.ended, 1);
  assert.is(browser.told(), "");
});

test("with the shipped policies Chromium shows the unit's page, and no other", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "guichet-policies-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const server = createHttpServer((_, response) => response.end("<!doctype html><title>the unit</title>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const other = createHttpServer((_, response) => response.end("<!doctype html><title>the unit</title>"));
  await new Promise<void>((resolve) => other.listen(port, "127.0.0.2", resolve));
  t.after(() => other.close());
  // All of them but the one that keeps everybody from asking the browser what it shows.
  const policies = JSON.parse(readFileSync("provisioning/package/policies.json", "utf8")) as object;
  writeFileSync(
    join(folder, "policies.json"),
    JSON.stringify({ ...policies, DeveloperToolsAvailability: 1 }),
  );
  // Laid over this machine's own policies, for this browser alone.
  const script = `mount -t tmpfs policies /etc/chromium && mkdir -p /etc/chromium/policies/managed &&
    cp ${folder}/policies.json /etc/chromium/policies/managed/ && exec chromium "$@"`;
  const shown = async (url: string): Promise<boolean> => {
    const flags = ["--headless", "--no-sandbox", `--user-data-dir=${folder}/profile`, "--dump-dom", url];
    const { stdout } = await promisify(execFile)("unshare", ["-rm", "sh", "-c", script, "sh", ...flags]);
    return stdout.includes("<title>the unit</title>");
  };
  assert.ok(await shown(`http://127.0.0.1:${port}/?t=secret`));
  assert.not.ok(await shown(`http://127.0.0.2:${port}/`), "the policies are in force");
}, 120_000);

run();
