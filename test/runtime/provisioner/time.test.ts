import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Clock, setLog } from "../../../drivers/kit/index.ts";
import { newSigningKey, type SigningKey, signJws } from "../../../fleet/contract/index.ts";
import { readAnswer } from "../../../provisioning/answer/index.ts";
import { Inbox } from "../../../runtime/core/bundles/index.ts";
import { Agent } from "../../../runtime/provisioner/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { board, codeOf, content, given, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { FakeLink } from "../../support/office.ts";
import { unitConfiguration } from "../../support/unit.ts";

setLog({ sink: () => undefined });
const { test, run } = suite("the time by which dates are judged");
const owner = new Owner();
const host = newSigningKey("host");
/** A day in 2026, s. */
const DAY = 1_795_000_000;

const said = (iat: number, by: SigningKey = host, name = "centre"): string =>
  signJws("guichet.host.v1", { v: 1, host: name, online: true, iat }, by);
const centre = (...keys: SigningKey[]) => ({
  centre: { ...unitConfiguration().centre, keys: keys.map((key) => key.public) },
});

/** A unit that believes `host`, with a board's clock that is wrong by years. */
async function rig(t: TestContext) {
  const { state, provisioner } = board(t, owner);
  for (const { result } of await provisioner.take(
    given(
      signed(owner, content("claim")),
      signed(owner, content("content")),
      signed(owner, content("configuration", {}, centre(host))),
    ),
  ))
    if (!result.ok) throw result.error;
  const clock: Clock & { now: number } = {
    now: 0,
    wall: () => 4_000_000_000_000,
    mono: () => clock.now,
    sleep: (_, signal) => new Promise((resolve) => signal?.addEventListener("abort", () => resolve())),
  };
  const open = () => Agent.open({ state, trial: HEALTHY, clock });
  let counter = 1;
  /** What becomes of a configuration that was to be taken until then. */
  const until = async (agent: Agent, exp: number, unit: Record<string, unknown> = centre(host)) => {
    const bundle = signed(owner, content("configuration", { counter: ++counter, exp }, unit));
    return codeOf((await agent.takeCopies(given(bundle), []))[0]?.result);
  };
  const tell = (jws: string) => writeFileSync(join(state, "inbox", "time.jws"), jws);
  const answered = async (agent: Agent) => {
    const answer = readAnswer(await agent.answer());
    if (!answer.ok) throw answer.error;
    return answer.value.time;
  };
  return { state, clock, open, until, tell, answered };
}

test("a unit to which nobody has attested the time takes what has expired, whatever its own clock says", async (t) => {
  const { open, until, answered } = await rig(t);
  const agent = await open();
  assert.is(await until(agent, DAY), "ok");
  assert.is(await answered(agent), undefined);
});

test("the centre's word over the link is what dates are judged by, from then on, and over a restart", async (t) => {
  const { state, clock, open, until, answered } = await rig(t);
  const link = new FakeLink();
  const inbox = new Inbox({ state, way: link.asLink });
  t.after(() => inbox.stop());
  const agent = await open();
  agent.start();
  t.after(() => agent.stop());
  link.events.emit("time", { jws: said(DAY), iat: DAY });
  await eventually("the floor is kept", () => existsSync(join(state, "time.json")));
  assert.is(await until(agent, DAY - 1), "bundle.expired");
  assert.is(await until(agent, DAY), "ok");
  // What the monotonic clock counts has passed too, and is kept with the verdict.
  clock.now += 10_000;
  assert.is(await until(agent, DAY + 9), "bundle.expired");
  assert.is(await answered(agent), DAY + 10);
  await agent.stop();
  clock.now = 0;
  const after = await open();
  assert.is(await until(after, DAY + 9), "bundle.expired");
  assert.is(await until(after, DAY + 10), "ok");
});

test("nothing sets it back, and nobody but the centre's host key sets it forward", async (t) => {
  const { open, until, tell, answered } = await rig(t);
  const agent = await open();
  tell(said(DAY));
  assert.is(await until(agent, DAY), "ok");
  const forged = said(DAY + 9_000_000).split(".");
  forged[1] = Buffer.from(JSON.stringify({ v: 1, host: "centre", online: true, iat: DAY + 1_000 })).toString(
    "base64url",
  );
  for (const lie of [
    said(DAY - 1_000_000),
    said(DAY + 1_000, newSigningKey("host")),
    said(DAY + 1_000, host, "elsewhere"),
    forged.join("."),
    "not a word",
    "x".repeat(100_000),
    "",
  ]) {
    tell(lie);
    assert.is(await until(agent, DAY), "ok", lie.slice(0, 40));
    assert.is(await answered(agent), DAY);
  }
});

test("what lies in its place is read like anything that a stranger brings", async (t) => {
  const { state, open, until } = await rig(t);
  const agent = await open();
  const at = join(state, "inbox", "time.jws");
  const secret = mkdtempSync(join(tmpdir(), "guichet-time-"));
  t.after(() => rmSync(secret, { recursive: true, force: true }));
  writeFileSync(join(secret, "word"), said(DAY));
  symlinkSync(join(secret, "word"), at);
  assert.is(await until(agent, DAY - 1), "ok");
  mkdirSync(join(at, "folder"), { recursive: true });
  assert.is(await until(agent, DAY - 1), "ok");
  assert.not.ok(existsSync(at));
  assert.is(readFileSync(join(secret, "word"), "utf8"), said(DAY));
});

test("a centre whose clock was wrong is mended by a new host key; a unit that is unconfigured forgets nothing", async (t) => {
  const { state, open, until, tell } = await rig(t);
  const agent = await open();
  const far = DAY + 1_000_000_000;
  tell(said(far));
  assert.is(await until(agent, DAY + 1), "bundle.expired");
  const next = newSigningKey("host");
  // The bundle that mends it has no date, or a later one.
  assert.is(await until(agent, far + 1, centre(next)), "ok");
  tell(said(DAY, next));
  assert.is(await until(agent, DAY - 1, centre(next)), "bundle.expired");
  assert.is(await until(agent, DAY, centre(next)), "ok");
  rmSync(join(state, "config", "unit.json"));
  assert.is(await until(await open(), DAY - 1, centre(next)), "bundle.expired");
});

test("a damaged file is no time", async (t) => {
  const { state, open, until, tell } = await rig(t);
  for (const text of [
    "",
    "{",
    '{"v":1,"atLeast":-5,"kid":"x"}',
    JSON.stringify({ v: 1, atLeast: DAY, kid: "host-of-nobody" }),
  ]) {
    writeFileSync(join(state, "time.json"), text);
    assert.is(await until(await open(), DAY - 1), "ok", text);
  }
  tell(said(DAY));
  assert.is(await until(await open(), DAY - 1), "bundle.expired");
});

run();
