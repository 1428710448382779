import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { askHealth, socketOf } from "../../../runtime/ipc/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { ManualClock } from "../core/visit/fakes.ts";

const { test, run } = suite("what the core says of its health");

/** A core that answers with whatever `serve` writes. */
async function core(t: TestContext, serve: (socket: Socket) => void) {
  const state = mkdtempSync(join(tmpdir(), "guichet-health-"));
  const path = socketOf(state, "core");
  mkdirSync(dirname(path), { recursive: true });
  const open = new Set<Socket>();
  let closed = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => closed++);
    socket.once("data", () => serve(socket));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
    rmSync(state, { recursive: true, force: true });
  });
  return { state, closed: () => closed };
}
const HEAD = "HTTP/1.1 200 OK\r\n\r\n";
const why = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "answered",
    (error: Error) => error.message,
  );

test("an answer is read whole; none, or one that is no JSON, is none", async (t) => {
  const good = await core(t, (socket) => {
    socket.write(`${HEAD}{"rea`);
    socket.end('dy":true}');
  });
  assert.equal(await askHealth(good.state), { ready: true });
  const torn = await core(t, (socket) => socket.end(`${HEAD}{"rea`));
  assert.match(await why(askHealth(torn.state)), /JSON/);
  assert.match(await why(askHealth("/nonexistent")), /ENOENT/);
});

test("a core that drips its answer byte by byte holds nobody for longer than three seconds", async (t) => {
  const clock = new ManualClock();
  let dripped = 0;
  let drip: NodeJS.Timeout | undefined;
  t.after(() => clearInterval(drip));
  const { state, closed } = await core(t, (socket) => {
    socket.write(HEAD);
    drip = setInterval(() => socket.write(" ", () => dripped++), 1);
  });
  const asked = why(askHealth(state, clock));
  await eventually("it drips", () => dripped > 20);
  await clock.advance(2_900);
  assert.is(await Promise.race([asked, Promise.resolve("waits")]), "waits");
  await clock.advance(200);
  assert.ok(/late|aborted/.test(await asked));
  await eventually("the connection is closed", () => closed() === 1);
});

test("an answer without an end is cut off", async (t) => {
  const { state, closed } = await core(t, (socket) => {
    socket.write(HEAD);
    const more = () => {
      while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 32)));
    };
    socket.on("drain", more);
    more();
  });
  assert.match(await why(askHealth(state)), /too long|aborted/);
  await eventually("the connection is closed", () => closed() === 1);
});

run();
