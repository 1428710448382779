import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as assert from "uvu/assert";
import { defer, sha256Hex, systemClock } from "../../../../drivers/kit/index.ts";
import {
  dn,
  exportSigningKey,
  newCollectionKey,
  newSigningKey,
  peekJws,
  type Receipt,
  signJws,
} from "../../../../fleet/contract/index.ts";
import { type Centre, startCentre } from "../../../../fleet/server/index.ts";
import { startBackOffice } from "../../../../runtime/core/backoffice.ts";
import { openCoreStore } from "../../../../runtime/core/store/index.ts";
import { eventually, suite, type TestContext } from "../../../kit.ts";
import { type Mosquitto, makePki, startMosquitto } from "../../../support/mosquitto.ts";
import { draft, PHOTO, stateFolder } from "../../../support/office.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("office");

interface Rig {
  state: string;
  broker: Mosquitto;
  centre: Centre;
  configuration: ReturnType<typeof unitConfiguration>;
  packets(): string[];
}

/** A real centre on a real mosquitto, and the state folder of a unit that is registered there. */
async function rigOf(t: TestContext): Promise<Rig> {
  const root = stateFolder(t);
  const state = join(root, "unit");
  const pki = await makePki(join(root, "pki"));
  const broker = await startMosquitto({ pki });
  t.after(() => broker.stop());
  const centre = await startCentre({
    dir: join(root, "centre"),
    brokerUrl: broker.url,
    tls: await pki.issue("centre"),
    port: 0,
    matcher: { score: () => undefined },
  });
  t.after(() => centre.stop());
  await centre.connected;
  const device = newSigningKey("unit");
  await centre.registerUnit({ unit: "kt-01", deviceKey: device.public, services: ["hkic-application"] });
  const configuration = unitConfiguration({
    roles: ["submission"],
    centre: {
      host: "centre",
      broker: { url: broker.url, ca: pki.ca },
      keys: centre.keys.keys,
      sealTo: centre.keys.sealTo,
    },
  });
  mkdirSync(join(state, "keys"), { recursive: true });
  mkdirSync(join(state, "config"), { recursive: true });
  const { key, cert } = await pki.issue("kt-01");
  writeFileSync(join(state, "keys", "tls.key"), key);
  writeFileSync(join(state, "keys", "tls.crt"), cert);
  writeFileSync(join(state, "keys", "device.json"), JSON.stringify(exportSigningKey(device)));
  writeFileSync(join(state, "config", "unit.json"), JSON.stringify(configuration));
  return {
    state,
    broker,
    centre,
    configuration,
    packets: () => readdirSync(join(state, "store", "packets")),
  };
}

interface Life {
  /** The first line that has this key. */
  line<T>(key: string, wanted?: T): Promise<T>;
  kill(): Promise<void>;
}

function live(t: TestContext, state: string, ...what: string[]): Life {
  const script = join("test", "runtime", "core", "office", "office-process.ts");
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", script, state, ...what], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines: Record<string, unknown>[] = [];
  if (child.stdout) createInterface(child.stdout).on("line", (line) => lines.push(JSON.parse(line)));
  const kill = async () => {
    child.kill("SIGKILL");
    await gone;
  };
  t.after(kill);
  return {
    line: <T>(key: string, wanted?: T) =>
      eventually(
        `a line with ${key}`,
        () => {
          const found = lines.find((line) => key in line && (wanted === undefined || line[key] === wanted));
          return found && { value: found[key] as T };
        },
        20_000,
      ).then(({ value }) => value),
    kill,
  };
}

/** Loses the centre's first `count` accepting receipts on their way to the unit; `lost` resolves with each. */
function loseAccepted(centre: Centre, count: number) {
  const { context } = centre;
  const publish = context.publish;
  const lost = defer<void>();
  let left = count;
  context.publish = async (topic, payload, options) => {
    const state = (peekJws(String(payload))?.payload as Partial<Receipt> | undefined)?.state;
    if (state !== "accepted" || left <= 0) return publish(topic, payload, options);
    left--;
    lost.resolve();
    return true;
  };
  return { first: lost.promise, left: () => left };
}

test("without a broker there is a reference; killed twice, with two receipts lost and one forged, it arrives once and whole", async (t) => {
  const rig = await rigOf(t);
  await rig.broker.halt();
  const first = live(t, rig.state, "submit");
  const { sid, reference } = await first.line<{ sid: string; reference: string }>("submitted");
  assert.is(reference.slice(0, 11), "KT01-000001");
  await first.kill();
  assert.equal(rig.packets(), [sid]);

  const receipts = loseAccepted(rig.centre, 2);
  await rig.broker.restart();
  const second = live(t, rig.state);
  await receipts.first;
  await second.kill();
  assert.equal(rig.packets(), [sid], "published whole, and not erased: no receipt has come");

  // A lying broker delivers an acceptance that another key has signed over the right hash.
  const store = await openCoreStore(rig.state);
  const row = await store.get<{ manifest: string }>("SELECT manifest FROM submissions WHERE sid = ?", sid);
  await store.close();
  const forged: Receipt = {
    v: 1,
    sid,
    unit: "kt-01",
    manifestHash: sha256Hex(row?.manifest ?? ""),
    state: "accepted",
    iat: 1,
  };
  await eventually("the centre is back", () => rig.centre.link.isUp());
  const jws = signJws("guichet.receipt.v1", forged, newSigningKey("receipt"));
  assert.ok(await rig.centre.link.publish(dn.receipt("kt-01", sid), jws));

  const third = live(t, rig.state);
  assert.is(await third.line("pending", 0), 0);
  assert.is(receipts.left(), 0, "both were lost");
  await third.kill();
  await eventually("erased", () => rig.packets().length === 0);
  const list = (await rig.centre.submissions.list()) as { sid: string; state: string }[];
  assert.equal(
    list.map((one) => [one.sid, one.state]),
    [[sid, "accepted"]],
  );
  const opened = await rig.centre.packets.open(sid);
  assert.ok(opened.ok);
  assert.ok(opened.value.parts.get("photo")?.equals(PHOTO), "byte for byte");
  assert.equal(opened.value.content.applications, draft().applications);
  const [{ n } = { n: 0 }] = await rig.centre.context.db.tx((tx) =>
    tx.all<{ n: number }>("SELECT count(*) AS n FROM applications"),
  );
  assert.is(n, 1, "counted once");
});

test("one office: a unit is seen, a question is answered, and the whole of it stops at once", async (t) => {
  const rig = await rigOf(t);
  const office = await startBackOffice({
    state: rig.state,
    configuration: rig.configuration,
    clock: systemClock,
    version: "1.2.3",
    offers: () => ({ "hkic-application": { offered: false, missing: ["device.finger.front"] } }),
    backoff: [20, 200],
    telemetryPeriodMs: 300,
  });
  let stopped = false;
  t.after(() => (stopped ? undefined : office.stop()));
  office.goOnline();
  await eventually("the centre is there", () => office.link.hostOnline);
  const unit = () => rig.centre.units.list().then(([one]) => one);
  await eventually("seen", async () => (await unit())?.state === "online");
  assert.is((await unit())?.version, "1.2.3");
  assert.equal((await unit())?.services?.["hkic-application"]?.missing, ["device.finger.front"]);
  await eventually(
    "its figures",
    async () => (await unit())?.metrics?.["kiosk.submission.queue.depth"] === 0,
  );
  const answer = await office.questions.ask(
    {
      number: "X123456A",
      dateOfBirth: "1984-03-12",
      template: newCollectionKey().toString("base64url"),
      templateFormat: "ef01-r503-1536",
    },
    5_000,
  );
  assert.ok(answer.answer === "decision");
  assert.is(answer.decision.decision, "unknownPerson");
  const began = performance.now();
  await office.stop();
  stopped = true;
  assert.ok(performance.now() - began < 2_000);
  await eventually("it said goodbye", async () => (await unit())?.state === "offline");
});

run();
