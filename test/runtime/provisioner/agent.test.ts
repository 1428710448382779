import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { type Clock, defer, isFault, setLog, systemClock } from "../../../drivers/kit/index.ts";
import { makePki } from "../../../fleet/server/index.ts";
import { type Change, readStanding, type Trial } from "../../../provisioning/activate/index.ts";
import { type Answer, readAnswer, readReplyFile } from "../../../provisioning/answer/index.ts";
import { openDeviceKeys } from "../../../provisioning/device/index.ts";
import { slotsAgainstRest, socketOf } from "../../../runtime/ipc/index.ts";
import { Agent, type AgentOptions, isQuiet, reportOf } from "../../../runtime/provisioner/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import {
  board,
  certificate,
  codeOf,
  content,
  HEALTHY,
  Owner,
  signed,
  TLS,
  unit,
} from "../../support/bundles.ts";
import { tool } from "../../support/tool.ts";

const { test, run } = suite("the agent that provisions a unit");
const owner = new Owner();

async function open(t: TestContext, over: Partial<AgentOptions> = {}) {
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY, ...over });
  t.after(() => agent.stop());
  const stick = mkdtempSync(join(tmpdir(), "guichet-stick-"));
  t.after(() => rmSync(stick, { recursive: true, force: true }));
  const put = (name: string, bytes: Uint8Array) => writeFileSync(join(stick, name), bytes);
  const answer = async (): Promise<Answer> => {
    const read = readAnswer(readFileSync(join(state, "answer.jws"), "latin1"));
    if (!read.ok) throw read.error;
    return read.value;
  };
  const inbox = join(state, "inbox");
  return { state, agent, stick, put, answer, inbox };
}

/** A trial whose restart tells that it has begun, and goes on when it is told to. */
function heldTrial() {
  const [begun, go] = [defer<void>(), defer<void>()];
  const restart = () => {
    begun.resolve();
    return go.promise;
  };
  return { begun, go, trial: { restart, missing: async () => [] } };
}

test("a board makes its own keys, is claimed, asks for a certificate, and gets it from the authority by a stick", async (t) => {
  const { state, agent, stick, put, answer } = await open(t);
  const bare = await answer();
  assert.is(bare.claim, undefined);
  assert.is(bare.request, undefined);
  put("claim.kbundle", signed(owner, content("claim")));
  assert.equal(
    (await agent.take(stick)).map(({ result }) => codeOf(result)),
    ["ok"],
  );

  // The operator reads the stick, and has the request certified.
  writeFileSync(join(stick, "REPLY.BIN"), await agent.reply());
  const words = await tool.good("read", stick, "--request", join(stick, "kt-01.csr"));
  assert.match(words, /The unit kt-01 of the site kwun-tong/);
  assert.match(words, /claim.kbundle: taken/);
  const pki = await makePki(join(state, "pki"));
  const pem = await pki.certify(readFileSync(join(stick, "kt-01.csr"), "utf8"));

  const of = (bytes: Uint8Array, counter: number) =>
    signed(owner, content("certificates", { counter, files: [{ path: "tls.crt", bytes }] }));
  rmSync(join(stick, "claim.kbundle"));
  put("foreign.kbundle", of(certificate("kt-01", TLS), 1));
  assert.equal(
    (await agent.take(stick)).map(({ result }) => codeOf(result)),
    ["bundle.wrongCertificate"],
  );
  put("foreign.kbundle", of(Buffer.from(pem), 2));
  assert.equal(
    (await agent.take(stick)).map(({ result }) => codeOf(result)),
    ["ok"],
  );
  assert.is(readFileSync(join(state, "config", "tls.crt"), "utf8"), pem);
  const after = await answer();
  assert.is(after.request, undefined);
  assert.equal(after.counters, { claim: 1, certificates: 2 });
  assert.ok(after.faults.includes("bundle.wrongCertificate"));
  assert.is(after.key.kid, bare.key.kid);
});

test("an altered request is not certified", async (t) => {
  const { state, agent, stick, put, answer } = await open(t);
  put("claim.kbundle", signed(owner, content("claim")));
  await agent.take(stick);
  const lines = String((await answer()).request).split("\n");
  const bytes = Buffer.from(lines.slice(1, -2).join(""), "base64");
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  const altered = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
  const pki = await makePki(join(state, "pki"));
  await pki.certify(altered).then(
    () => assert.unreachable(),
    (error: { code?: string }) => assert.is(error.code, "pki.badRequest"),
  );
});

test("what lies in the inbox is taken by the same code, once nobody is there, and answered", async (t) => {
  let leave: () => void = () => undefined;
  const away = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const { state, agent, inbox, answer } = await open(t, { quiet: () => away });
  writeFileSync(join(inbox, "a.kbundle"), signed(owner, content("claim")));
  writeFileSync(join(inbox, "b.kbundle"), "not a bundle");
  agent.start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.is(readdirSync(inbox).length, 2);
  leave();
  await eventually("the inbox is empty", () => readdirSync(inbox).length === 0);
  const standing = await readStanding(state);
  assert.ok(standing.ok && standing.value.claim?.unit === "kt-01");
  const taken = Object.fromEntries((await answer()).taken.map(({ file, code }) => [file, code]));
  assert.equal(taken, { "a.kbundle": "ok", "b.kbundle": "bundle.notABundle" });
  writeFileSync(join(inbox, "c.kbundle"), signed(owner, content("claim")));
  await eventually("it goes on watching", async () => (await answer()).taken[0]?.code === "bundle.older");
});

test("more in the inbox than is looked at once is taken in several goes; nothing of it is thrown away unseen", async (t) => {
  const { state, agent, inbox } = await open(t);
  for (let n = 0; n < 20; n++) writeFileSync(join(inbox, `a${n}.kbundle`), "not a bundle");
  mkdirSync(join(inbox, "b.kbundle", "folder"), { recursive: true });
  writeFileSync(join(inbox, "z.kbundle"), signed(owner, content("claim")));
  agent.start();
  await eventually("the inbox is empty", () => readdirSync(inbox).length === 0);
  const standing = await readStanding(state);
  assert.ok(standing.ok && standing.value.claim?.unit === "kt-01");
});

test("a bundle from the link with which the unit goes down is not tried again; what else waits is", async (t) => {
  const { state } = board(t, owner);
  const { begun, go, trial } = heldTrial();
  const agent = await Agent.open({ state, trial });
  writeFileSync(join(state, "inbox", "a.kbundle"), signed(owner, content("claim")));
  agent.start();
  await begun.promise;
  // The power fails here: what is on the disk now is what the unit wakes up with.
  const after = mkdtempSync("/dev/shm/guichet-cut-");
  t.after(() => rmSync(after, { recursive: true, force: true }));
  cpSync(state, after, { recursive: true, verbatimSymlinks: true });
  rmSync(join(after, "provisioner.lock"), { recursive: true });
  writeFileSync(join(after, "inbox", "b.kbundle"), "not a bundle");
  go.resolve();
  await agent.stop();

  const woken = await Agent.open({ state: after, trial: HEALTHY });
  assert.equal(readdirSync(join(after, "inbox")), ["b.kbundle"]);
  const answer = await agentAnswer(woken);
  assert.equal(answer.taken, [{ file: "a.kbundle", code: "bundle.interrupted" }]);
  assert.is(answer.faults[0], "bundle.interrupted");
  assert.equal(answer.counters, {});
  // A cut of something else takes nothing out of the inbox.
  const again = await Agent.open({ state: after, trial: HEALTHY });
  mkdirSync(join(after, "config.d", "1"), { recursive: true });
  symlinkSync("config.d/1", join(after, "config"));
  await again.stop();
  await Agent.open({ state: after, trial: HEALTHY });
  assert.equal(readdirSync(join(after, "inbox")), ["b.kbundle"]);
});

test("of what waits only what is tried is noted: the rest is not taken for tried after a cut", async (t) => {
  const { state } = board(t, owner);
  const inbox = join(state, "inbox");
  mkdirSync(inbox);
  // As many as are taken at once, and one that waits for the next turn.
  for (let n = 0; n < 16; n++)
    writeFileSync(join(inbox, `a${10 + n}.kbundle`), signed(owner, content("claim")));
  writeFileSync(join(inbox, "b.kbundle"), signed(owner, content("claim", { counter: 2 })));
  const { begun, go, trial } = heldTrial();
  const agent = await Agent.open({ state, trial });
  agent.start();
  await begun.promise;
  const note = JSON.parse(readFileSync(join(state, "inbox-tried.json"), "utf8")) as { files: string[] };
  go.resolve();
  await agent.stop();
  assert.is(note.files.length, 16);
  assert.not.ok(note.files.includes("b.kbundle"));
});

test("a certificate over the link has to be let in by the broker; by hand it is taken where that is away", async (t) => {
  const changes: Change[] = [];
  const trial: Trial = {
    ...HEALTHY,
    settle: async (change) => void changes.push(change),
    missing: async () => (changes.at(-1)?.needsLink ? ["broker"] : []),
  };
  const { state } = await unit(t, owner);
  let now = 0;
  // Two minutes of a trial that fails are over in one second.
  const clock: Clock = {
    ...systemClock,
    mono: () => now,
    sleep: async (ms, signal) => {
      await systemClock.sleep(5, signal);
      if (!signal?.aborted) now += ms;
    },
  };
  const agent = await Agent.open({ state, trial, clock });
  t.after(() => agent.stop());
  const codes = async () => (await agentAnswer(agent)).taken.map(({ code }) => code);
  const pem = certificate("kt-01", (await openDeviceKeys(state)).tls);
  const certified = signed(owner, content("certificates", { files: [{ path: "tls.crt", bytes: pem }] }));
  writeFileSync(join(state, "inbox", "a.kbundle"), certified);
  writeFileSync(join(state, "inbox", "b.txt"), "no bundle");
  agent.start();
  await eventually("it is judged", async () => (await codes())[0] === "bundle.notHealthy");
  assert.equal(changes, [{ configured: true, needsLink: true }]);
  assert.not.ok(existsSync(join(state, "config", "tls.crt")));
  const stick = mkdtempSync(join(tmpdir(), "guichet-stick-"));
  t.after(() => rmSync(stick, { recursive: true, force: true }));
  writeFileSync(join(stick, "a.kbundle"), certified);
  assert.equal(
    (await agent.take(stick)).map(({ result }) => codeOf(result)),
    ["ok"],
  );
  assert.equal(changes.at(-1), { configured: true, needsLink: false });
  // What is no certificate may come by a link that is not there any more.
  writeFileSync(join(state, "inbox", "c.kbundle"), signed(owner, content("configuration", { counter: 2 })));
  await eventually("it is tried", () => changes.length === 3);
  assert.equal(changes.at(-1), { configured: true, needsLink: false });
});

test("who comes while a bundle is being written is not disturbed: it waits for him, and no longer than a quarter of an hour", async (t) => {
  for (const patient of [true, false]) {
    const { state } = await unit(t, owner);
    let [now, asked, here, restarts] = [0, 0, true, 0];
    const clock: Clock = {
      ...systemClock,
      mono: () => now,
      sleep: (_, signal) => systemClock.sleep(10, signal),
    };
    const agent = await Agent.open({
      state,
      clock,
      trial: { ...HEALTHY, restart: async () => void restarts++ },
      isQuiet: async () => {
        asked++;
        return !here;
      },
    });
    t.after(() => agent.stop());
    writeFileSync(join(state, "inbox", "a.kbundle"), signed(owner, content("configuration", { counter: 2 })));
    writeFileSync(join(state, "inbox", "b.kbundle"), "not a bundle");
    agent.start();
    await eventually("it is asked again", () => asked > 1);
    assert.is(restarts, 0);
    assert.equal(readdirSync(join(state, "inbox")), ["a.kbundle"]);
    await eventually("nothing is left of it", () => readdirSync(join(state, "config.d")).join() === "1");
    if (patient) here = false;
    else now = 15 * 60_000;
    await eventually("it is taken", () => readdirSync(join(state, "inbox")).length === 0);
    assert.is(restarts, 1);
    assert.equal((await agentAnswer(agent)).taken, [{ file: "a.kbundle", code: "ok" }]);
    await agent.stop();
  }
});

test("a unit is quiet when nobody is in a visit, no slot is open and nothing lies out", async (t) => {
  const { state } = board(t, owner);
  assert.is(await isQuiet(state), true);
  let said: object = {};
  mkdirSync(join(state, "run", "core"), { recursive: true });
  const core = createServer((_, response) => void response.end(JSON.stringify(said)));
  core.listen(socketOf(state, "core"));
  t.after(() => void core.close());
  for (const [answer, quiet] of [
    [{ state: "visit", slotsOut: false }, false],
    [{ state: "rest", slotsOut: true }, false],
    [{ state: "rest", slotsOut: false }, true],
  ] as const) {
    said = answer;
    assert.is(await isQuiet(state), quiet, JSON.stringify(answer));
  }
  const slot = (latch: "locked" | "open" | "unknown", is: "loaded" | "presented") => ({
    slot: "1",
    latch,
    state: is,
  });
  assert.equal(slotsAgainstRest([slot("locked", "loaded"), slot("unknown", "loaded")]), []);
  assert.equal(slotsAgainstRest([slot("open", "loaded"), slot("locked", "presented")]), [
    { why: "doorOpen", slot: "1" },
    { why: "presented", slot: "1" },
  ]);
});

test("a board without its identity does not start, and what waits for one whose identity is damaged goes on waiting", async (t) => {
  const bare = mkdtempSync("/dev/shm/guichet-bare-");
  t.after(() => rmSync(bare, { recursive: true, force: true }));
  const why = await Agent.open({ state: bare, trial: HEALTHY }).catch((error: unknown) => error);
  assert.ok(isFault(why, "bundle.noIdentity"));
  const lines: unknown[] = [];
  setLog({ level: "info", sink: ({ event }) => lines.push(event) });
  t.after(() => setLog({ sink: () => undefined }));
  const { state, agent, stick, put, inbox } = await open(t);
  writeFileSync(join(state, "identity.json"), "{");
  put("claim.kbundle", signed(owner, content("claim")));
  assert.equal(
    (await agent.take(stick)).map(({ result }) => codeOf(result)),
    ["schema.invalid"],
  );
  assert.ok(lines.includes("provisioner.unanswered"));
  writeFileSync(join(inbox, "a.kbundle"), signed(owner, content("claim")));
  agent.start();
  await eventually("it says so", () => lines.includes("provisioner.failed"));
  assert.equal(readdirSync(inbox), ["a.kbundle"]);
});

test("a destructive command needs the nonce of the last answer, and the nonce is another afterwards", async (t) => {
  const { agent, stick, put, answer } = await open(t);
  put("claim.kbundle", signed(owner, content("claim")));
  await agent.take(stick);
  rmSync(join(stick, "claim.kbundle"));
  const { nonce } = await answer();
  const command = (of: string, counter: number) => signed(owner, content("command", { nonce: of, counter }));
  const codes = async () => (await agent.take(stick)).map(({ result }) => codeOf(result));
  put("command.kbundle", command("a".repeat(22), 1));
  assert.equal(await codes(), ["bundle.wrongNonce"]);
  put("command.kbundle", command(nonce, 1));
  assert.equal(await codes(), ["ok"]);
  assert.is.not((await answer()).nonce, nonce);
  put("command.kbundle", command(nonce, 2));
  assert.equal(await codes(), ["bundle.wrongNonce"]);
});

test("the answer says what is missing and what is built in, as the running unit says it", async (t) => {
  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY, report: () => reportOf(state) });
  t.after(() => agent.stop());
  assert.is((await agentAnswer(agent)).devices, undefined);
  const socket = socketOf(state, "core");
  mkdirSync(dirname(socket), { recursive: true });
  const said = {
    ready: true,
    missing: { passport: ["device.finger.front", "store"], collection: ["store"] },
    broken: ["one-stop"],
    devices: [{ role: "lock.main", driver: "lock.kerong", state: "ready", model: "CU16" }],
  };
  const server = createServer((_, response) => response.end(JSON.stringify(said)));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => server.close());
  const { missing, devices } = await agentAnswer(agent);
  assert.equal(missing, ["device.finger.front", "store", "service.one-stop"]);
  assert.equal(devices, said.devices);
  const file = join(state, "REPLY.BIN");
  writeFileSync(file, await agent.reply());
  assert.match(await tool.good("read", file), /lock.main: ready, lock.kerong \(CU16\)/);
});

async function agentAnswer(agent: Agent): Promise<Answer> {
  const read = readAnswer(await agent.answer());
  if (!read.ok) throw read.error;
  return read.value;
}

test("the reply file is what the tool reads back", async (t) => {
  const { agent } = await open(t);
  const read = readReplyFile(await agent.reply());
  assert.ok(read.ok && read.value.device === "board-7");
});

run();
