import * as assert from "uvu/assert";
import { type Driver, deviceFault, type Session } from "../../../drivers/contract/index.ts";
import { DeviceHost } from "../../../drivers/host/index.ts";
import { defer, type Fault, ok, setLog } from "../../../drivers/kit/index.ts";
import { eventually, suite } from "../../kit.ts";

const { test, run } = suite("device host");

/** A device in memory whose every step the test decides. */
function scripted(
  over: { open?: () => Promise<void>; recover?: () => Promise<void>; probe?: () => Promise<void> } = {},
) {
  const made: { lose(fault: Fault): void; closed: boolean }[] = [];
  const driver: Driver<{ name: string }> = {
    role: "lock.main",
    class: "lock",
    name: "lock.scripted",
    probeEveryMs: 20,
    deviceTimeMs: 200,
    open: async () => {
      await over.open?.();
      const lost = defer<Fault>();
      const entry = { lose: lost.resolve, closed: false };
      made.push(entry);
      const session: Session<{ name: string }> = {
        identity: { model: "scripted" },
        capabilities: {},
        verbs: { name: `life ${made.length}` },
        recover: async () => {
          await over.recover?.();
          return {};
        },
        probe: async () => over.probe?.(),
        lost: lost.promise,
        close: async () => {
          entry.closed = true;
        },
      };
      return session;
    },
  };
  return { driver, made };
}

const code = (result: { ok: boolean; error?: Fault }) => (result.ok ? "ok" : result.error?.code);

test("ready is reached only through recovering, and nothing is run before", async (t) => {
  const seen: string[] = [];
  const { driver } = scripted();
  const host = new DeviceHost(driver, { onStatus: (status) => seen.push(status.lifecycle) });
  t.after(() => host.stop());
  assert.is(code(await host.use("query", 100, async () => ok(1))), "device.notReady");
  host.start();
  await host.whenReady();
  assert.equal(seen, ["opening", "identifying", "recovering", "ready"]);
  assert.is(code(await host.use("query", 100, async () => ok(1))), "ok");
});

test("a lost device is dropped and a new session opened, and a command in flight is answered", async (t) => {
  const { driver, made } = scripted();
  const host = new DeviceHost(driver, { backoff: [5, 10] });
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  const begun = defer<void>();
  const running = host.use("capture", 5_000, () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  await begun.promise;
  made[0]?.lose(deviceFault("absent"));
  assert.is(code(await running), "device.absent");
  await eventually("second life", () => host.lifecycle === "ready" && made.length === 2);
  assert.ok(made[0]?.closed);
  const result = await host.use("query", 100, async (verbs) => ok(verbs.name));
  assert.ok(result.ok && result.value === "life 2");
});

test("a command that overruns is answered and the device recovered", async (t) => {
  const { driver, made } = scripted();
  const host = new DeviceHost(driver, { backoff: [5, 10] });
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  assert.is(code(await host.use("query", 30, () => new Promise(() => undefined))), "device.timeoutDevice");
  await eventually("recovered", () => made.length === 2 && host.lifecycle === "ready");
  assert.is(host.status().counters.overruns, 1);
});

test("a lost reply repeats a query once and an actuation never", async (t) => {
  const { driver } = scripted();
  const host = new DeviceHost(driver, { backoff: [5, 10] });
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  let asked = 0;
  const noReply = async () => {
    asked++;
    return { ok: false as const, error: deviceFault("noReply") };
  };
  await host.use("query", 100, noReply);
  assert.is(asked, 2);
  await eventually("ready again", () => host.lifecycle === "ready");
  await host.use("actuate", 100, noReply);
  assert.is(asked, 3);
});

test("another device than the configured one takes no command, and is looked at again", async (t) => {
  let wrong = true;
  const { driver } = scripted({
    open: async () => {
      if (wrong) throw deviceFault("misbound");
    },
  });
  const host = new DeviceHost(driver, { backoff: [5, 10] });
  t.after(() => host.stop());
  host.start();
  await eventually("misbound", () => host.lifecycle === "misbound");
  assert.is(code(await host.use("actuate", 100, async () => ok(1))), "device.misbound");
  assert.is(host.status().fitness.remedy, "configuration");
  wrong = false;
  await host.whenReady();
});

test("a silent device is found by its probe; a bounded queue refuses the ninth", async (t) => {
  let answers = true;
  const { driver } = scripted({
    probe: async () => {
      if (!answers) throw deviceFault("noReply");
    },
  });
  const host = new DeviceHost(driver, { backoff: [1_000, 1_000] });
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  const gate = defer<void>();
  const all = Array.from({ length: 12 }, () =>
    host.use("query", 1_000, async () => {
      await gate.promise;
      return ok(1);
    }),
  );
  const refused = (await Promise.all(all.slice(9))).map(code);
  assert.ok(
    refused.every((c) => c === "device.queueFull"),
    refused.join(),
  );
  const moving = host.use("actuate", 1_000, async () => ok(1));
  gate.resolve();
  await Promise.all(all);
  assert.is(code(await moving), "ok", "what moves has places of its own");
  answers = false;
  await eventually("failed", () => host.status().fitness.code === "device.noReply");
});

test("stopping answers what waits", async () => {
  const { driver, made } = scripted();
  const host = new DeviceHost(driver);
  host.start();
  await host.whenReady();
  const gate = defer<void>();
  const begun = defer<void>();
  const first = host.use("query", 1_000, async () => {
    begun.resolve();
    await gate.promise;
    return ok(1);
  });
  await begun.promise;
  const second = host.use("query", 1_000, async () => ok(2));
  const stopped = host.stop();
  gate.resolve();
  await stopped;
  assert.is(code(await first), "ok");
  assert.is(code(await second), "device.notReady");
  assert.ok(made[0]?.closed);
});

test("stopping does not wait for a person", async () => {
  const { driver, made } = scripted();
  const host = new DeviceHost(driver);
  host.start();
  await host.whenReady();
  const begun = defer<void>();
  const capture = host.use("capture", 60_000, () => {
    begun.resolve();
    return new Promise(() => undefined);
  });
  await begun.promise;
  await host.stop();
  assert.is(code(await capture), "device.canceled");
  assert.ok(made[0]?.closed);
});

test("a command that throws is answered; one that is lost again and again is told once", async (t) => {
  const lines: unknown[] = [];
  setLog({ level: "info", sink: (line) => lines.push(`${line.event} ${line.lifecycle ?? ""}`) });
  t.after(() => setLog({ level: "error", sink: () => undefined }));
  let there = true;
  const { driver } = scripted({
    open: async () => {
      if (!there) throw deviceFault("absent");
    },
  });
  const host = new DeviceHost(driver, { backoff: [1, 2] });
  t.after(() => host.stop());
  host.start();
  await host.whenReady();
  const result = await host.use("actuate", 1_000, () => {
    there = false;
    throw deviceFault("absent");
  });
  assert.is(code(result), "device.absent");
  assert.is(code(await host.use("query", 1_000, async () => ok(1))), "device.notReady");
  await eventually("looked for five times", () => (host.status().counters.failures ?? 0) > 5);
  assert.is(lines.filter((line) => line === "device.lifecycle absent").length, 1);
  assert.is(lines.filter((line) => line === "device.trouble ").length, 1);
});

run();
