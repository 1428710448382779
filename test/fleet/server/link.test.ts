import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, type Packet, parser } from "mqtt-packet";
import * as assert from "uvu/assert";
import { defer, setLog, systemClock } from "../../../drivers/kit/index.ts";
import { openKeys } from "../../../fleet/server/keys.ts";
import { type LinkOptions, startLink } from "../../../fleet/server/link.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("the centre's link");

interface Broker {
  /** Says of no message on these topics that it has it. */
  silent?: (topic: string) => boolean;
  /** So many subscriptions are refused first. */
  refusals?: number;
  /** Sent to who subscribes. */
  sends?: { topic: string; payload: Buffer | string }[];
}

/** A broker with a mind of its own. */
async function startBroker(t: TestContext, { silent = () => false, refusals = 0, sends = [] }: Broker) {
  const sockets = new Set<Socket>();
  const announced: string[] = [];
  let left = refusals;
  const unanswered = defer<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const answer = (packet: Packet) => socket.write(generate(packet, { protocolVersion: 5 }));
    const reading = parser({ protocolVersion: 5 });
    reading.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") answer({ cmd: "connack", reasonCode: 0, sessionPresent: false });
      if (packet.cmd === "subscribe") {
        const code = left-- > 0 ? 0x87 : 1;
        answer({
          cmd: "suback",
          messageId: packet.messageId ?? 0,
          granted: packet.subscriptions.map(() => code),
        });
        const publish = { qos: 0 as const, dup: false, retain: false };
        if (code === 1) for (const one of sends) answer({ cmd: "publish", ...one, ...publish });
      }
      if (packet.cmd !== "publish") return;
      announced.push(packet.topic);
      if (silent(packet.topic)) unanswered.resolve();
      else answer({ cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 });
    });
    socket.on("data", (bytes) => reading.parse(bytes));
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address && typeof address === "object");
  return { url: `mqtt://127.0.0.1:${address.port}`, unanswered: unanswered.promise, announced };
}

function optionsOf(t: TestContext, url: string): Omit<LinkOptions, "onMessage"> {
  const folder = mkdtempSync(join(tmpdir(), "guichet-centre-link-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tls = { ca: "", cert: "", key: "" };
  return { url, tls, host: "centre", keys: openKeys(folder), clock: systemClock };
}

for (const [who, silent] of [
  ["an answer to a unit", (topic: string) => topic.startsWith("k1/d/")],
  ["anything", () => true],
] as const)
  test(`a broker that never acknowledges ${who}: the link still stops, and says that it was not sent`, async (t) => {
    const broker = await startBroker(t, { silent, sends: [{ topic: "k1/d/kt-01/up/state", payload: "?" }] });
    const answered = defer<boolean>();
    const link = await startLink({
      ...optionsOf(t, broker.url),
      onMessage: async () => answered.resolve(await link.publish("k1/d/kt-01/dn/answer/1", "answer")),
    });
    await broker.unanswered;
    await link.stop();
    assert.is(await answered.promise, false);
  });

test("a centre whose subscription is refused says nothing of being there, and begins anew", async (t) => {
  const broker = await startBroker(t, { refusals: 1 });
  const ups: boolean[] = [];
  setLog({
    level: "info",
    sink: ({ event }) => String(event).startsWith("centre.link") && ups.push(event === "centre.linkUp"),
  });
  const link = await startLink({ ...optionsOf(t, broker.url), onMessage: async () => undefined });
  t.after(() => link.stop());
  await link.connected;
  assert.equal(ups, [false, true]);
  assert.ok(link.isUp());
  assert.equal(broker.announced, ["k1/host/centre/state"]);
});

test("units that send faster than the centre takes in do not fill its memory", async (t) => {
  const part = Buffer.alloc(256 * 1024);
  const parts = Array.from({ length: 300 }, (_, n) => ({
    topic: `k1/d/kt-01/up/sub/sid/c/${n}`,
    payload: part,
  }));
  const last = { topic: "k1/d/kt-01/up/sub/sid/q", payload: "{}" };
  const broker = await startBroker(t, { sends: [...parts, last] });
  const [go, asked] = [defer<void>(), defer<void>()];
  let taken = 0;
  setLog({ level: "info", sink: ({ event }) => event === "centre.flooded" && go.resolve() });
  const link = await startLink({
    ...optionsOf(t, broker.url),
    onMessage: async (topic) => {
      await go.promise;
      if (topic === last.topic) asked.resolve();
      else taken++;
    },
  });
  t.after(() => link.stop());
  await asked.promise;
  assert.ok(taken >= 250 && taken < parts.length, `${taken} parts`);
});

run();
