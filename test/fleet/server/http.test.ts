import * as assert from "uvu/assert";
import type { Clock } from "../../../drivers/kit/index.ts";
import type { OperatorRole } from "../../../fleet/server/index.ts";
import { suite, type TestContext } from "../../kit.ts";
import {
  type CentreSetup,
  joinUnit,
  makeSubmission,
  sendSubmission,
  setUpCentre,
} from "../../support/centre.ts";

const { test, run } = suite("http");

const PASSWORD = "correct horse battery";

/** A clock whose time the test moves; sleeps never end by themselves. */
function movedClock(): Clock & { move(ms: number): void } {
  let offset = 0;
  return {
    wall: () => Date.now() + offset,
    mono: () => performance.now() + offset,
    sleep: (_ms, signal) =>
      new Promise((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true })),
    move: (ms) => {
      offset += ms;
    },
  };
}

interface Answer {
  status: number;
  json: Record<string, never> & { fault?: { code: string } };
  cookie: string;
  headers: Headers;
}

/** One browser's worth of requests. */
function browser(setup: CentreSetup) {
  let cookie = "";
  const call = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(setup.centre.url + path, {
      ...init,
      headers: { ...(cookie && { cookie }), ...init.headers },
    });
    const set = response.headers.get("set-cookie") ?? "";
    if (set) cookie = set.split(";")[0] ?? "";
    const text = await response.text();
    const json = text.startsWith("{") ? JSON.parse(text) : {};
    return { status: response.status, json, cookie: set, headers: response.headers };
  };
  const post = (path: string, body: unknown = {}, headers: Record<string, string> = {}) =>
    call(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", origin: setup.centre.url, ...headers },
    });
  return {
    get: (path: string, headers: Record<string, string> = {}) => call(path, { headers }),
    post,
    login: (id: string, password = PASSWORD) => post("/api/login", { id, password }),
  };
}

async function setUp(
  t: TestContext,
  roles: Record<string, OperatorRole[]> = { anna: ["approver"] },
  clock?: Clock,
) {
  const setup = await setUpCentre(t, "embedded", clock ? { clock } : {});
  for (const [id, own] of Object.entries(roles)) {
    const made = await setup.centre.createOperator({ id, name: id, roles: own, password: PASSWORD });
    assert.ok(made.ok);
  }
  return setup;
}

test("a session is a cookie that scripts and other sites do not get, and it ends", async (t) => {
  const clock = movedClock();
  const setup = await setUp(t, { anna: ["approver"] }, clock);
  const anna = browser(setup);
  assert.is((await anna.get("/api/me")).status, 401);
  const { status, cookie, json } = await anna.login("anna");
  assert.is(status, 200);
  assert.match(cookie, /^guichet_console=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  assert.not.ok(JSON.stringify(json).includes("hash"));
  assert.is((await anna.get("/api/me")).json.id, "anna");
  clock.move(10 * 60_000);
  assert.is((await anna.get("/api/me")).status, 200);
  clock.move(15 * 60_000 + 1);
  assert.is((await anna.get("/api/me")).status, 401);
  await anna.login("anna");
  await anna.post("/api/logout");
  assert.is((await anna.get("/api/me")).status, 401);
});

test("a page that draws itself anew, or listens, does not keep its session open", async (t) => {
  const clock = movedClock();
  const setup = await setUp(t, { anna: ["approver"] }, clock);
  const anna = browser(setup);
  const token = /=([\w-]+)/.exec((await anna.login("anna")).cookie)?.[1];
  for (let minutes = 0; minutes < 15; minutes += 5) {
    assert.is((await anna.get("/api/units", { "guichet-unattended": "1" })).status, 200);
    const listening = new AbortController();
    const headers = { cookie: `guichet_console=${token}` };
    const stream = await fetch(`${setup.centre.url}/api/events`, { headers, signal: listening.signal });
    assert.is(stream.status, 200);
    listening.abort();
    clock.move(5 * 60_000);
  }
  clock.move(1);
  assert.is((await anna.get("/api/units", { "guichet-unattended": "1" })).status, 401);
});

test("five wrong passwords lock the account for a quarter of an hour, the right one included", async (t) => {
  const clock = movedClock();
  const setup = await setUp(t, { anna: ["approver"] }, clock);
  const anna = browser(setup);
  for (let i = 0; i < 5; i++)
    assert.is((await anna.login("anna", "wrong password 1")).json.fault?.code, "centre.badLogin");
  assert.is((await anna.login("anna")).json.fault?.code, "centre.locked");
  // and one place has twenty attempts a minute for all names together
  for (let i = 0; i < 14; i++) await anna.login("anna");
  assert.is((await anna.login("nobody", "wrong password 1")).json.fault?.code, "centre.tooMany");
  clock.move(15 * 60_000);
  assert.is((await anna.login("anna")).status, 200);
  // an unknown name is told from a wrong password by nothing
  assert.is((await anna.login("nobody", "wrong password 1")).json.fault?.code, "centre.badLogin");
});

test("a request from another site, or without an origin, changes nothing", async (t) => {
  const setup = await setUp(t, { root: ["admin"] });
  const root = browser(setup);
  await root.login("root");
  const account = { id: "eve", name: "Eve", roles: ["admin"], password: PASSWORD };
  for (const origin of ["https://evil.example", "null", ""])
    assert.is(
      (await root.post("/api/operators", account, { origin })).json.fault?.code,
      "centre.foreignOrigin",
    );
  // a form can send text/plain from anywhere
  assert.is((await root.post("/api/operators", account, { "content-type": "text/plain" })).status, 415);
  assert.is((await setup.centre.operators.list()).length, 1);
  assert.is((await root.post("/api/operators", account)).status, 200);
  assert.is(
    (await root.post("/api/operators", { ...account, id: "mo", password: "short" })).json.fault?.code,
    "centre.weakPassword",
  );
});

test("pages forbid foreign scripts, frames and caches", async (t) => {
  const setup = await setUp(t);
  for (const path of ["/", "/main.js", "/style.css", "/api/me", "/nothing"]) {
    const { headers } = await browser(setup).get(path);
    assert.match(
      headers.get("content-security-policy") ?? "",
      /default-src 'none'.*frame-ancestors 'none'/,
      path,
    );
    assert.is(headers.get("cache-control"), "no-store", path);
  }
});

test("roles bound what an account can do, and every look is written down first", async (t) => {
  const setup = await setUp(t, {
    anna: ["approver"],
    ben: ["assigner"],
    cleo: ["loader"],
    dora: ["officer"],
  });
  const unit = await joinUnit(t, setup);
  const sent = await makeSubmission(unit, setup.centre);
  await sendSubmission(unit, sent);
  const [anna, ben, cleo, dora] = [browser(setup), browser(setup), browser(setup), browser(setup)];
  await Promise.all([anna.login("anna"), ben.login("ben"), cleo.login("cleo"), dora.login("dora")]);
  const id = (await setup.centre.applications.list())[0]?.id;
  const open = `/api/submissions/${sent.sid}`;
  assert.is((await ben.post(`${open}/open`)).json.fault?.code, "centre.notAllowed");
  const masked = await anna.post(`${open}/open`);
  assert.is(masked.status, 200);
  assert.not.ok(JSON.stringify(masked.json).match(/MARKEDSURNAME|X123456A|1984-03-12|5550/));
  assert.ok(JSON.stringify((await anna.post(`${open}/unmask`)).json).includes("MARKEDSURNAME"));
  for (const [part, type] of [
    ["photo", "image/jpeg"],
    ["finger-1", "image/png"],
    ["signature", "image/png"],
  ])
    assert.is((await anna.get(`${open}/captures/${part}`)).headers.get("content-type"), type);
  assert.is((await anna.get(`${open}/captures/template-1`)).status, 404);
  assert.is((await anna.get("/api/audit")).json.fault?.code, "centre.notAllowed");
  const { rows } = (await dora.get("/api/audit")).json as unknown as {
    rows: { operator: string; act: string }[];
  };
  const acts = rows.filter(({ operator }) => operator === "anna").map(({ act }) => act);
  for (const act of ["submission.open", "submission.unmask", "submission.capture.photo"])
    assert.ok(acts.includes(act), act);

  assert.is((await ben.post(`/api/applications/${id}/approve`)).json.fault?.code, "centre.notAllowed");
  assert.is((await anna.post(`/api/applications/${id}/approve`)).status, 200);
  assert.is(
    (await anna.post(`/api/applications/${id}/assign`, { unit: unit.id })).json.fault?.code,
    "centre.notAllowed",
  );
  assert.is(
    (await ben.post(`/api/applications/${id}/assign`, { unit: "../x" })).json.fault?.code,
    "schema.invalid",
  );
  assert.is((await ben.post(`/api/applications/${id}/assign`, { unit: unit.id })).status, 200);
  const credential = (await cleo.post(`/api/units/${unit.id}/credential`)).json as unknown as {
    jws: string;
    svg: string;
  };
  assert.match(credential.jws, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  assert.match(credential.svg, /^<svg/);
  const voucher = (await setup.centre.applications.list())[0]?.voucher;
  const release = { voucher, challenge: "c".repeat(22) };
  assert.is(
    (await cleo.post(`/api/units/${unit.id}/release`, release)).json.fault?.code,
    "centre.notAllowed",
  );
  assert.is((await dora.post(`/api/units/${unit.id}/release`, release)).status, 200);
  assert.is(
    (await dora.post(`/api/units/${unit.id}/settle`, { slot: "03", effect: "e-1", finding: "lost" })).status,
    400,
  );
});

test("only an administrator lists boards for their first certificates, and approves by the key that the board has", async (t) => {
  const setup = await setUp(t, { root: ["admin"], olga: ["officer"] });
  const [root, olga] = [browser(setup), browser(setup)];
  await root.login("root");
  await olga.login("olga");
  const entry = { device: "board-7", unit: "kt-07", services: ["collection"] };
  assert.is((await olga.post("/api/claims", entry)).json.fault?.code, "centre.notAllowed");
  assert.is((await olga.get("/api/claims")).status, 403);
  assert.is((await root.post("/api/claims", { ...entry, device: "a/b" })).status, 400);
  assert.is((await root.post("/api/claims", entry)).status, 200);
  assert.equal((await root.get("/api/claims")).json.claims, [
    { device: "board-7", unit: "kt-07", state: "listed" },
  ]);
  const act = async (device: string, what: string, body: unknown) =>
    (await root.post(`/api/claims/${device}/${what}`, body)).json.fault?.code;
  assert.is(await act("board-8", "approve", { key: "unit-1" }), "centre.notFound");
  assert.is(await act("board-7", "approve", { key: "unit-1" }), "centre.notAsked");
  assert.is(await act("board-7", "answer", { bundle: "AAAA" }), "centre.wrongState");
  assert.is((await olga.post("/api/claims/board-7/approve", { key: "unit-1" })).status, 403);
  const rows = (await root.get("/api/audit")).json.rows as unknown as { act: string; subject: string }[];
  assert.ok(rows.some(({ act: what, subject }) => what === "claim.enter" && subject === "board-7"));
});

test("a unit goes stale by its own promise, offline by its word, and an older connection's will changes nothing", async (t) => {
  const clock = movedClock();
  const setup = await setUp(t, { anna: ["approver"] }, clock);
  const unit = await joinUnit(t, setup);
  const state = async () => (await setup.centre.units.list())[0]?.state;
  const heard = () =>
    new Promise<void>((resolve) => {
      const off = setup.centre.context.events.on("changed", () => {
        off();
        resolve();
      });
    });
  const say = async (what: string, d: unknown, ep = 1) => {
    const done = heard();
    await unit.publish(`k1/d/${unit.id}/up/${what}`, unit.envelope(what, d).replace('"ep":1', `"ep":${ep}`));
    await done;
  };
  assert.is(await state(), "never");
  const device = {
    role: "lock.main",
    lifecycle: "faulted",
    fitness: { state: "failed", code: "lock.noReply", todo: "Check the cable" },
  };
  await say("birth", { nextBy: 10, version: "0.1.0", devices: [device] }, 5);
  await say("tel/metrics", { nextBy: 10, metrics: { "system.uptime": 5 } }, 5);
  const [view] = await setup.centre.units.list();
  assert.is(view?.state, "online");
  assert.is(view?.devices?.[0]?.fitness.todo, "Check the cable");
  assert.is(view?.metrics?.["system.uptime"], 5);
  clock.move(24_000);
  assert.is(await state(), "online");
  clock.move(2_000);
  assert.is(await state(), "stale");
  await say("state", { online: true }, 5);
  await unit.publish(
    `k1/d/${unit.id}/up/state`,
    unit.envelope("state", { online: false }).replace('"ep":1', '"ep":4'),
  );
  // behind it, something that says nothing about being online
  await say("ev/release", { voucher: "v-1", challenge: "c".repeat(22) }, 5);
  assert.is(await state(), "online");
  await say("state", { online: false }, 5);
  assert.is(await state(), "offline");
});

test("what the broker had kept is as old as it is, and takes nothing back that was said since", async (t) => {
  const clock = movedClock();
  const setup = await setUp(t, {}, clock);
  const { units } = setup.centre;
  const unit = await joinUnit(t, setup);
  const kept = (kind: string, d: unknown) =>
    units.report(unit.id, kind, Buffer.from(unit.envelope(kind, d)), true);
  const slots = (state: string) => [{ slot: "03", state, latch: "locked" }];
  const birth = { nextBy: 60, slots: slots("loaded") };
  const view = async () => (await units.list())[0];
  clock.move(3_600_000);
  kept("birth", birth);
  assert.is((await view())?.state, "stale");
  assert.ok((await view())?.lastSeen ?? 0 < Date.now() + 1_000);
  units.report(unit.id, "tel", Buffer.from(unit.envelope("tel", { nextBy: 60, slots: slots("unknown") })));
  kept("birth", birth);
  kept("state", { online: true });
  assert.is((await view())?.slots?.[0]?.state, "unknown");
  assert.is((await view())?.state, "online");
  kept("state", { online: false });
  assert.is((await view())?.state, "offline");
});

run();
