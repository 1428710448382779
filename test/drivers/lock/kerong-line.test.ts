import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { PtyLine } from "../../../drivers/bench/line.ts";
import type { Lock, LockState, MotionToken } from "../../../drivers/contract/index.ts";
import { DeviceHost } from "../../../drivers/host/index.ts";
import { systemClock } from "../../../drivers/kit/index.ts";
import { KerongBuses, kerongDriver } from "../../../drivers/lock/kerong/index.ts";
import { serialPorts } from "../../../drivers/ports/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("kerong on a line");
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const CLOSED = hex("02 00 35 FF FF 00 00 03 38");
const FIRST_OPEN = hex("02 00 35 FE FF 01 00 03 38");

type Script = (request: string, send: (bytes: Uint8Array) => void) => void;

/** A driver under its host on a pseudo-terminal, whose other end follows a script that the test may change. */
async function board(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "guichet-kerong-"));
  const pty = new PtyLine(join(folder, "line"));
  const requests: string[] = [];
  let script: Script = (request, send) => request === STATUS && send(CLOSED);
  let kept = Buffer.alloc(0);
  pty.onBytes((chunk) => {
    kept = Buffer.concat([kept, chunk]);
    for (; kept.length >= 5; kept = kept.subarray(5)) {
      const request = kept.subarray(0, 5).toString("hex");
      requests.push(request);
      script(request, (bytes) => pty.send(bytes));
    }
  });
  const host = new DeviceHost<Lock>(
    kerongDriver(
      {
        role: "lock.main",
        port: { path: pty.path, baudRate: 19_200 },
        board: 0,
        compartments: 8,
        lockedBit: 1,
        itemBit: 1,
        pulseMs: 500,
      },
      { buses: new KerongBuses(serialPorts(), systemClock), redeem: () => undefined },
    ),
    { backoff: [20, 50] },
  );
  t.after(async () => {
    await host.stop();
    pty.close();
    rmSync(folder, { recursive: true });
  });
  host.start();
  await host.whenReady();
  const first = async (): Promise<LockState | string> => {
    const result = await host.use("query", 2_000, (lock) => lock.read());
    return result.ok ? (result.value[0] ?? "none") : result.error.code;
  };
  const unlock = (compartment: number) =>
    host.use("actuate", 2_000, (lock) =>
      lock.unlock({ effect: "e", device: "lock.main", compartment } as unknown as MotionToken),
    );
  return { pty, host, requests, first, unlock, play: (next: Script) => (script = next) };
}
const STATUS = "0200300335";
const UNLOCK_FIRST = "0200310336";
const OPEN = { compartment: 0, latch: "open", item: "present" };
const LOCKED = { compartment: 0, latch: "locked", item: "absent" };

test("answers come through byte by byte, behind junk and behind the echo of a two-wire adapter", async (t) => {
  const { first, play } = await board(t);
  play((request, send) => {
    if (request !== STATUS) return;
    send(hex(`00 FF 55 02 ${STATUS}`));
    FIRST_OPEN.forEach((byte, n) => {
      setTimeout(() => send(Uint8Array.of(byte)), n * 3);
    });
  });
  assert.equal(await first(), OPEN);
});

test("an answer that is too late is not taken for the next one, and two of them are not two boards", async (t) => {
  const { first, play, host, requests } = await board(t);
  let asked = 0;
  play((request, send) => {
    if (request !== STATUS) return;
    asked++;
    if (asked === 1) setTimeout(() => send(FIRST_OPEN), 150);
    else setTimeout(() => send(CLOSED), 60);
  });
  requests.length = 0;
  assert.equal(await first(), LOCKED);
  assert.equal(requests, [STATUS, STATUS]);
  assert.is(host.status().fitness.state, "ok");
});

test("a board that answers an unlock with its status does not look like two boards", async (t) => {
  const { first, unlock, play, requests } = await board(t);
  play((request, send) => {
    if (request === STATUS) setTimeout(() => send(FIRST_OPEN), 60);
    else setTimeout(() => send(CLOSED), 30);
  });
  requests.length = 0;
  assert.ok((await unlock(0)).ok);
  assert.equal(await first(), OPEN);
  assert.equal(requests, [UNLOCK_FIRST, STATUS]);
});

test("a cable that is pulled is absent; an unlock is refused then and not sent when it is back", async (t) => {
  const { first, unlock, pty, host, requests } = await board(t);
  pty.unplug();
  await eventually("absent", () => host.status().fitness.code === "device.absent");
  assert.not.ok((await unlock(0)).ok);
  pty.replug({ elsewhere: true });
  await eventually("ready again", () => host.lifecycle === "ready");
  assert.equal(await first(), LOCKED);
  assert.not.ok(requests.includes(UNLOCK_FIRST));
});

test("a board that falls silent is looked for again and never moved by it", async (t) => {
  const { first, unlock, play, host, requests } = await board(t);
  play(() => undefined);
  assert.ok((await unlock(3)).ok, "an unlock needs no answer");
  assert.is(await first(), "device.noReply");
  await eventually("failed", () => host.status().fitness.state === "failed");
  play((request, send) => request === STATUS && send(CLOSED));
  await eventually("ready again", () => host.lifecycle === "ready");
  assert.is(requests.filter((request) => request !== STATUS).length, 1);
});

run();
