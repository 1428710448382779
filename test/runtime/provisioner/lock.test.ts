import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { defer, isFault, setLog } from "../../../drivers/kit/index.ts";
import {
  type Changer,
  readStanding,
  StateDisk,
  type Trial,
  whileHeld,
} from "../../../provisioning/activate/index.ts";
import { Agent } from "../../../runtime/provisioner/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import { board, codeOf, content, given, HEALTHY, Owner, signed } from "../../support/bundles.ts";
import { wrongGeneration } from "../../support/generation.ts";
import { heard } from "../../support/log.ts";

setLog({ sink: () => undefined });
const { test, run } = suite("one who changes the unit");
const owner = new Owner();
const FIRST = ["claim", "content", "configuration"] as const;

function scratch(t: TestContext): string {
  const at = mkdtempSync(join(tmpdir(), "guichet-lock-"));
  t.after(() => rmSync(at, { recursive: true, force: true }));
  return at;
}

/** A trial that waits to be let go on. */
function heldTrial() {
  const [begun, go] = [defer<void>(), defer<void>()];
  const trial: Trial = {
    restart: () => {
      begun.resolve();
      return go.promise;
    },
    missing: async () => [],
  };
  return { trial, begun: begun.promise, go: () => go.resolve() };
}

const steady = (state: string): string => readlinkSync(join(state, "config"));
const faultOf = (error: unknown): string =>
  isFault(error) ? `${error.code} by ${error.fields.by}` : String(error);
const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "done", faultOf);

test("while the service tries a bundle nobody's hand gets in between, and the other way about: each is told who is at it", async (t) => {
  const { state } = board(t, owner);
  const steps: string[] = [];
  const open = (by: Changer, trial: Trial) =>
    Agent.open({ state, trial, by, disk: new StateDisk(() => void steps.push(by)) });
  const slow = heldTrial();
  const service = await open("service", slow.trial);
  const hand = await open("hand", HEALTHY);
  steps.length = 0;
  const stick = scratch(t);
  writeFileSync(join(stick, "next.kbundle"), signed(owner, content("content", { counter: 2 })));

  const trying = service.takeCopies(given(...FIRST.map((kind) => signed(owner, content(kind)))), []);
  await slow.begun;
  const before = steps.length;
  assert.is(await refusal(hand.take(stick)), "bundle.held by service");
  // Another process that starts now would take the trial for one that was cut.
  assert.is(await refusal(open("hand", HEALTHY)), "bundle.held by service");
  assert.is(await refusal(open("service", HEALTHY)), "bundle.held by service");
  assert.is(steps.length, before);
  slow.go();
  assert.equal(
    (await trying).map(({ result }) => codeOf(result)),
    ["ok", "ok", "ok"],
  );

  const byHand = heldTrial();
  const other = await open("hand", byHand.trial);
  const taking = other.take(stick);
  await byHand.begun;
  const copies = given(signed(owner, content("configuration", { counter: 2 })));
  assert.equal(
    (await service.takeCopies(copies, [])).map(({ result }) => (result.ok ? "ok" : faultOf(result.error))),
    ["bundle.held by hand"],
  );
  byHand.go();
  assert.equal(
    (await taking).map(({ result }) => codeOf(result)),
    ["ok"],
  );
  assert.equal(
    (await service.takeCopies(copies, [])).map(({ result }) => codeOf(result)),
    ["ok"],
  );
  // Each wrote in one go.
  const turns = steps.filter((by, n) => by !== steps[n - 1]);
  assert.equal(turns, ["service", "hand", "service"]);
  assert.equal((await wrongGeneration(state)).wrong, []);
});

test("what has come over the link waits for the hand, and is taken then", async (t) => {
  const { state } = board(t, owner);
  const lines = heard(t);
  const service = await Agent.open({ state, trial: HEALTHY });
  const [has, done] = [defer<void>(), defer<void>()];
  const hand = whileHeld(state, "hand", () => {
    has.resolve();
    return done.promise;
  });
  await has.promise;
  writeFileSync(join(state, "inbox", "a.kbundle"), signed(owner, content("claim")));
  service.start();
  t.after(() => service.stop());
  await eventually("it waits", () => lines.some(({ event }) => event === "provisioner.waiting"));
  assert.equal(readdirSync(join(state, "inbox")), ["a.kbundle"]);
  done.resolve();
  await hand;
  writeFileSync(join(state, "inbox", "b.kbundle"), "not a bundle");
  await eventually("taken", () => readdirSync(join(state, "inbox")).length === 0);
  const standing = await readStanding(state);
  assert.ok(standing.ok && standing.value.claim?.unit === "kt-01");
});

/** What a hand leaves that was ended in the middle of its trial. */
function leaveTrial(state: string): void {
  const next = Number(readlinkSync(join(state, "committed")).split("/").at(-1)) + 1;
  mkdirSync(join(state, "config.d", String(next)));
  rmSync(join(state, "config"));
  symlinkSync(`config.d/${next}`, join(state, "config"));
}

test("a trial whose hand was ended in the middle is ended by the service, which restarts the unit with what it had", async (t) => {
  const { state } = board(t, owner);
  const restarts: string[] = [];
  const trial: Trial = {
    restart: async () => void restarts.push(readlinkSync(join(state, "config"))),
    missing: async () => [],
  };
  const service = await Agent.open({ state, trial });
  await service.takeCopies(given(signed(owner, content("claim"))), []);
  restarts.length = 0;
  // Before whatever is taken next, into the same number.
  leaveTrial(state);
  const next = await service.takeCopies(given(signed(owner, content("content"))), []);
  assert.equal(
    next.map(({ result }) => codeOf(result)),
    ["ok"],
  );
  assert.equal(restarts, ["config.d/1", "config.d/2"]);
  assert.equal((await wrongGeneration(state)).wrong, []);
  // And when nothing comes; not while somebody is at it.
  leaveTrial(state);
  const [has, done] = [defer<void>(), defer<void>()];
  const hand = whileHeld(state, "hand", () => {
    has.resolve();
    return done.promise;
  });
  await has.promise;
  const before = steady(state);
  const lines = heard(t);
  service.start();
  t.after(() => service.stop());
  writeFileSync(join(state, "inbox", "a.kbundle"), "not a bundle");
  await eventually("it waits", () => lines.some(({ event }) => event === "provisioner.waiting"));
  assert.is(steady(state), before);
  done.resolve();
  await hand;
  writeFileSync(join(state, "inbox", "b.kbundle"), "not a bundle");
  await eventually("ended", () => restarts.length > 2);
  assert.equal(restarts.slice(2), ["config.d/2"]);
  await eventually("the inbox is empty", () => readdirSync(join(state, "inbox")).length === 0);
  assert.equal((await wrongGeneration(state)).wrong, []);
});

test("a hand that finds a trial of one that is gone restarts the unit with what it had; the service before the others does not", async (t) => {
  const { state } = board(t, owner);
  let restarts = 0;
  const trial: Trial = { restart: async () => void restarts++, missing: async () => [] };
  const open = (by: Changer) => Agent.open({ state, trial, by });
  await (await open("service")).takeCopies(given(signed(owner, content("claim"))), []);
  for (const [by, times] of [
    ["service", 0],
    ["hand", 1],
  ] as const) {
    leaveTrial(state);
    restarts = 0;
    await open(by);
    assert.is(restarts, times, by);
    assert.is(steady(state), "config.d/1");
  }
});

test("of many that find the lock of a process that is gone, or none, exactly one has it at any moment", async (t) => {
  for (let round = 0; round < 20; round++) {
    const state = scratch(t);
    if (round % 2 === 0) {
      mkdirSync(join(state, "provisioner.lock"));
      // The number of this process, which has started at another moment.
      writeFileSync(join(state, "provisioner.lock", `held.${process.pid}.1.service`), "");
    }
    if (round % 4 === 1) mkdirSync(join(state, "provisioner.lock"));
    let [within, most, times] = [0, 0, 0];
    const one = async (): Promise<void> => {
      const said = await refusal(
        whileHeld(state, "hand", async () => {
          most = Math.max(most, ++within);
          times++;
          await new Promise((resolve) => setImmediate(resolve));
          within--;
        }),
      );
      if (said !== "done") assert.is(said, "bundle.held by hand");
    };
    await Promise.all(Array.from({ length: 16 }, one));
    assert.is(most, 1);
    assert.ok(times >= 1);
    assert.equal(readdirSync(join(state, "provisioner.lock")), ["free"]);
    assert.equal(readdirSync(state), ["provisioner.lock"]);
  }
});

test("a process that is killed while it has the lock leaves nothing locked", async (t) => {
  const state = scratch(t);
  const program = join(state, "hold.mts");
  const lock = JSON.stringify(join(process.cwd(), "provisioning/activate/lock.ts"));
  writeFileSync(
    program,
    `const { whileHeld } = await import(${lock});
     setInterval(() => undefined, 1_000);
     await whileHeld(${JSON.stringify(state)}, "service", async () => { console.log("held"); await new Promise(() => undefined); });`,
  );
  const child = spawn(process.execPath, ["--import", "tsx", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  const fault = await whileHeld(state, "hand", async () => undefined).catch((error: unknown) => error);
  assert.ok(isFault(fault, "bundle.held"));
  assert.is(fault.fields.pid, child.pid);
  assert.match(fault.row.todo, /Wait until/);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  assert.is(await whileHeld(state, "hand", async () => "mine"), "mine");
});

test("a power cut while the lock is held leaves nothing locked, whoever has the holder's number after the boot", async (t) => {
  const [state, memory] = [scratch(t), scratch(t)];
  symlinkSync(memory, join(state, "run"));
  const boot = () => mkdirSync(join(memory, "provisioner"));
  boot();
  // This process, which lives, stands for the one that nobody here can see.
  const stat = readFileSync("/proc/self/stat", "latin1");
  const start = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  await whileHeld(state, "service", async () => {
    assert.equal(readdirSync(state), ["run"]);
    assert.equal(readdirSync(join(memory, "provisioner", "provisioner.lock")), [
      `held.${process.pid}.${start}.service`,
    ]);
    assert.is(await refusal(whileHeld(state, "hand", async () => undefined)), "bundle.held by service");
    rmSync(join(memory, "provisioner"), { recursive: true });
    boot();
    assert.is(await refusal(whileHeld(state, "hand", async () => undefined)), "done");
    // What the holder from before the boot would give back.
    rmSync(join(memory, "provisioner", "provisioner.lock"), { recursive: true });
    mkdirSync(join(memory, "provisioner", "provisioner.lock"));
    writeFileSync(
      join(memory, "provisioner", "provisioner.lock", `held.${process.pid}.${start}.service`),
      "",
    );
  });
});

run();
