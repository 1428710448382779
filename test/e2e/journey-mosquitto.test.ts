import { connectAsync } from "mqtt";
import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { journey } from "./journey.ts";

const { test, run } = suite("the main job, on mosquitto with TLS and access rules", 240_000);

test("apply, approve, assign, load, collect; another unit's topics deliver nothing", async (t) => {
  const overheard: string[] = [];
  await journey(t, {
    portBase: 21_010,
    broker: async (pki, port) => {
      const mosquitto = await startMosquitto({ pki, port });
      const { ca, cert, key } = await pki.issue("kt-02");
      // a second unit that would like to hear what is not its own
      const spy = await connectAsync(mosquitto.url, { ca, cert, key, clientId: "kt-02", protocolVersion: 5 });
      spy.on("message", (topic) => !topic.startsWith("k1/host/") && overheard.push(topic));
      await spy.subscribeAsync(["k1/d/kt-01/dn/#", "k1/d/kt-01/up/#", "k1/#", "#"], { qos: 1 });
      return {
        url: mosquitto.url,
        stop: async () => {
          await spy.endAsync(true);
          await mosquitto.stop();
        },
      };
    },
  });
  assert.equal(overheard, []);
});

run();
