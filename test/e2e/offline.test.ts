import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import * as assert from "uvu/assert";
import { newSigningKey, parseReceiptCode, signJws } from "../../fleet/contract/index.ts";
import { startStack } from "../../runtime/dev/stack.ts";
import { eventually, suite } from "../kit.ts";
import { type Mosquitto, startMosquitto } from "../support/mosquitto.ts";
import { type MqttProxy, startMqttProxy } from "./mqtt-proxy.ts";
import { openBrowser, Visitor } from "./person.ts";

const { test, run } = suite("the broker is away", 240_000);

test("a submission made without a broker is counted once, byte for byte, and erased only after the signed receipt", async (t) => {
  const data = mkdtempSync(join(tmpdir(), "guichet-offline-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  let mosquitto: Mosquitto | undefined;
  let proxy: MqttProxy | undefined;
  let pkiOfStack: Parameters<NonNullable<Parameters<typeof startStack>[0]["broker"]>>[0] | undefined;
  const stack = await startStack({
    data,
    portBase: 21_020,
    seed: 1,
    alwaysOpen: true,
    quiet: true,
    broker: async (pki, port) => {
      pkiOfStack = pki;
      mosquitto = await startMosquitto({ pki, port });
      proxy = await startMqttProxy({
        port: port + 5,
        broker: { host: "localhost", port },
        server: pki.server,
        unit: await pki.issue("kt-01"),
      });
      return {
        url: mosquitto.url,
        stop: async () => {
          await proxy?.close();
          await mosquitto?.stop();
        },
      };
    },
    // the unit reaches the broker through the proxy only
    adjust: (configuration) => ({
      ...configuration,
      centre: {
        ...configuration.centre,
        broker: { ...configuration.centre.broker, url: "mqtts://localhost:21028" },
      },
    }),
  });
  t.after(() => stack.stop());
  const browser = await openBrowser();
  t.after(() => browser.close());
  const [ada] = stack.bench.people;
  assert.ok(ada && mosquitto && proxy && pkiOfStack);
  const packets = () => {
    const folder = join(stack.state, "store", "packets");
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  // the broker goes away; the person applies all the same
  await mosquitto.halt();
  const visitor = await Visitor.come(browser, stack);
  const receipt = await visitor.apply(ada, { service: "hkic-application", offline: true });
  assert.ok(parseReceiptCode(receipt.code).ok);
  assert.is(packets().length, 1);
  const sid = packets()[0] as string;
  const ciphertext = readFileSync(join(stack.state, "store", "packets", sid));

  // the unit restarts; the broker comes back; two accepted receipts are lost on the way, and the core is killed between
  // its publish and the receipt
  await stack.unit?.stop();
  let lost = 0;
  let published = 0;
  proxy.passDown = (topic) => {
    if (!topic.endsWith("/r") || published === 0 || lost >= 2) return true;
    lost++;
    if (lost === 1) stack.unit?.kill("core");
    return false;
  };
  proxy.onUp = (topic) => {
    if (topic.includes(`/sub/${sid}/c/`)) published++;
  };
  await mosquitto.restart();
  const unit = stack.startUnit();

  // a forged receipt, put on the wire by somebody who holds the broker, erases nothing
  const centreIdentity = await pkiOfStack.issue("intruder");
  const forged = signJws(
    "guichet.receipt.v1",
    { v: 1, sid, unit: "kt-01", manifestHash: "0".repeat(64), state: "accepted", iat: 1 },
    newSigningKey("receipt"),
  );
  const intruder = await connectAsync(mosquitto.url, {
    ...centreIdentity,
    clientId: "intruder",
    protocolVersion: 5,
  });
  await intruder.publishAsync(`k1/d/kt-01/dn/sub/${sid}/r`, forged, { qos: 1 }).catch(() => undefined);
  await intruder.endAsync(true);

  await eventually("two receipts were lost", () => lost >= 2, 60_000);
  assert.is(packets().length, 1, "nothing is erased before a receipt has arrived");
  await eventually("the unit has erased it", () => packets().length === 0, 60_000);
  const list = await stack.centre.submissions.list();
  assert.is(list.length, 1);
  assert.is(list[0]?.state, "accepted");
  assert.is(list[0]?.reference, receipt.reference);
  const folder = join(data, "centre", "packets", sid);
  const chunks = readdirSync(folder)
    .map(Number)
    .sort((a, b) => a - b);
  assert.ok(
    Buffer.concat(chunks.map((n) => readFileSync(join(folder, String(n))))).equals(ciphertext),
    "byte for byte what was captured and sealed",
  );
  assert.ok(unit.pids().length === 3);
});

run();
