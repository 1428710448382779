import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, type Packet, parser } from "mqtt-packet";
import * as assert from "uvu/assert";
import { defer, systemClock } from "../../../drivers/kit/index.ts";
import { openKeys } from "../../../fleet/server/keys.ts";
import { startLink } from "../../../fleet/server/link.ts";
import { suite, type TestContext } from "../../kit.ts";

const { test, run } = suite("the centre's link");

/** A broker that says of no message on `silent` topics that it has it, and sends one message to who subscribes. */
async function startSilentBroker(t: TestContext, silent: (topic: string) => boolean) {
  const sockets = new Set<Socket>();
  const unanswered = defer<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const answer = (packet: Packet) => socket.write(generate(packet, { protocolVersion: 5 }));
    const reading = parser({ protocolVersion: 5 });
    reading.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") answer({ cmd: "connack", reasonCode: 0, sessionPresent: false });
      if (packet.cmd === "subscribe") {
        answer({
          cmd: "suback",
          messageId: packet.messageId ?? 0,
          granted: packet.subscriptions.map(() => 1),
        });
        const publish = { qos: 0 as const, dup: false, retain: false };
        answer({ cmd: "publish", topic: "k1/d/kt-01/up/state", payload: "?", ...publish });
      }
      if (packet.cmd !== "publish") return;
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
  return { url: `mqtt://127.0.0.1:${address.port}`, unanswered: unanswered.promise };
}

for (const [who, silent] of [
  ["an answer to a unit", (topic: string) => topic.startsWith("k1/d/")],
  ["anything", () => true],
] as const)
  test(`a broker that never acknowledges ${who}: the link still stops, and says that it was not sent`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "guichet-centre-link-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const broker = await startSilentBroker(t, silent);
    const answered = defer<boolean>();
    const link = await startLink({
      url: broker.url,
      tls: { ca: "", cert: "", key: "" },
      host: "centre",
      keys: openKeys(folder),
      clock: systemClock,
      onMessage: async () => answered.resolve(await link.publish("k1/d/kt-01/dn/answer/1", "answer")),
    });
    await broker.unanswered;
    await link.stop();
    assert.is(await answered.promise, false);
  });

run();
