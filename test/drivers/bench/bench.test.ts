import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SerialPort } from "serialport";
import * as assert from "uvu/assert";
import { type Bench, startBench } from "../../../drivers/bench/bench.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { CONFIG } from "./support.ts";

const { test, run } = suite("bench and panel");

async function start(dir: string): Promise<Bench> {
  return startBench({ config: CONFIG, dir, seed: 1, panelPort: 0 });
}

async function running(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), "guichet-bench-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const started = await start(dir);
  t.after(() => started.stop());
  return { dir, bench: started, ...client(started) };
}

function client(started: Bench) {
  const get = async (path: string) => (await fetch(started.panelUrl + path)).json() as Promise<never>;
  const post = async (path: string, body: object) => {
    const response = await fetch(started.panelUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, ...((await response.json()) as { error?: string }) };
  };
  return { get, post };
}

interface State {
  people: { id: string; number: string }[];
  fingers: Record<string, { person: string; position: number; condition: string } | null>;
  cameras: Record<string, { scene: unknown; fault: string }>;
  slots: { slot: string; door: string; code: string | null; light: boolean | null; motions: number }[];
  devices: { role: string; attached: boolean }[];
  inputs: Record<string, boolean>;
  climate: { temperatureCel: number };
  out: { code: string }[];
}

test("every action by HTTP, and what it does", async (t) => {
  const { bench, get, post } = await running(t);
  assert.equal(await get("/healthz"), { ok: true });
  const state = () => get("/state") as Promise<State>;
  assert.is((await state()).people.length, bench.people.length);

  await post("/finger", { device: "finger.front", person: "ada", position: 6, condition: "wet" });
  assert.equal((await state()).fingers["finger.front"], { person: "ada", position: 6, condition: "wet" });
  await post("/finger/lift", { device: "finger.front" });
  assert.is((await state()).fingers["finger.front"], null);

  const scene = { kind: "code", text: "GCH1:AB000123X" };
  await post("/scene", { camera: "camera.document", scene });
  await post("/camera", { camera: "camera.document", fault: "frozen" });
  assert.equal((await state()).cameras["camera.document"], { scene, fault: "frozen" });
  const picture = await fetch(`${bench.panelUrl}/picture/camera.document?width=160`);
  assert.is(picture.headers.get("content-type"), "image/jpeg");

  assert.equal(await post("/door/open", { slot: "A1" }), { status: 409, error: "locked" });
  bench.plant.energise("lock.left", 0, 500);
  await post("/door/open", { slot: "A1" });
  await post("/item/put", { slot: "A1", code: "DOC-1" });
  const slotA1 = async () => (await state()).slots.find(({ slot }) => slot === "A1");
  assert.equal(
    [(await slotA1())?.door, (await slotA1())?.code, (await slotA1())?.motions],
    ["open", "DOC-1", 1],
  );
  await post("/item/take", { slot: "A1" });
  assert.equal(
    (await state()).out.map(({ code }) => code),
    ["DOC-1"],
  );
  await post("/door/close", { slot: "A1" });
  await post("/sensor", { slot: "A1", sensor: "stuckPresent" });
  await post("/bolt", { slot: "A1", jammed: true });
  assert.is(bench.plant.itemSensed("lock.left", 0), true);
  bench.plant.energise("lock.left", 0, 500);
  assert.is((await slotA1())?.door, "closed");
  await post("/door/open", { slot: "A1", force: true });
  assert.is((await slotA1())?.door, "open");
  assert.equal(await get("/motions"), { A1: 2, A2: 0, B1: 0 });

  await post("/input", { role: "door.service", active: true });
  assert.is((await state()).inputs["door.service"], true);
  await post("/climate", { temperatureCel: 61 });
  assert.is((await state()).climate.temperatureCel, 61);
  assert.is((await post("/lock", { device: "lock.left", fault: "noReply", count: 1 })).status, 200);
  assert.equal(await post("/lock", { device: "lock.none", fault: "ok" }), {
    status: 409,
    error: "noSuchBoard",
  });
});

test("bodies of the wrong shape and pages from elsewhere are refused", async (t) => {
  const { bench, post } = await running(t);
  assert.is((await post("/finger", { device: "finger.front", person: "ada", position: 11 })).status, 400);
  assert.is((await post("/finger", { device: "finger.front", person: "ada", position: "6" })).status, 400);
  assert.is((await post("/door/close", { slot: "A1", extra: 1 })).status, 400);
  assert.is((await post("/scene", { camera: "camera.portrait", scene: { kind: "moon" } })).status, 400);
  assert.is(
    (await post("/finger", { device: "finger.front", person: "zoe", position: 1 })).error,
    "noSuchPerson",
  );
  const { request } = await import("node:http");
  const status = await new Promise<number | undefined>((resolve) => {
    request(`${bench.panelUrl}/state`, { headers: { host: "evil.example" } }, ({ statusCode }) =>
      resolve(statusCode),
    ).end();
  });
  assert.is(status, 403);
});

test("events: those of before, then each as it happens", async (t) => {
  const { bench } = await running(t);
  bench.plant.setInput("door.service", true);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const response = await fetch(`${bench.panelUrl}/events`, { signal: stop.signal });
  let text = "";
  void (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  await eventually("the event of before", () => text.includes("door.service"));
  bench.plant.energise("lock.left", 0, 500);
  await eventually("the new event", () => text.includes("latch springs open"));
  assert.match(text, /^id: 2$/m);
});

test("a cable that is pulled on the panel closes the driver's port; boards of one line share it", async (t) => {
  const { bench, post } = await running(t);
  const path = bench.serialPath("lock.right");
  assert.is(path, bench.serialPath("lock.left"));
  const port = new SerialPort({ path, baudRate: 19_200 });
  let got = Buffer.alloc(0);
  port.on("data", (chunk: Buffer) => {
    got = Buffer.concat([got, chunk]);
  });
  const closed = new Promise((resolve) => port.on("close", resolve));
  port.write(Buffer.from("0220300355", "hex"));
  await eventually("an answer", () => got.length === 9);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await post("/device/unplug", { device: "lock.left" });
  assert.ok(existsSync(path), "the other board is still there");
  await post("/device/unplug", { device: "lock.right" });
  await closed;
  assert.not.ok(existsSync(path));
  await post("/device/replug", { device: "lock.right", elsewhere: true });
  assert.ok(existsSync(path));
});

test("a second bench in the same folder goes on where the first was, and nothing stays in /dev/shm", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "guichet-bench-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const first = await start(dir);
  first.plant.energise("lock.left", 1, 500);
  first.plant.putItem("A2", "DOC-7");
  const number = first.people[0]?.number;
  await first.stop();
  assert.not.ok(existsSync(first.paths.links));
  const second = await start(dir);
  t.after(() => second.stop());
  assert.equal(second.plant.motions(), { A1: 0, A2: 1, B1: 0 });
  assert.is(second.plant.ledgerOfItems()[0]?.place, "A2");
  assert.is(second.people[0]?.number, number);
});

run();
