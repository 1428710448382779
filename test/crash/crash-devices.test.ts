import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { type Edit, linkSimulation } from "../simulate/engine/link.ts";
import { missingSteps, round, stepsOf } from "./devices/matrix.ts";
import type { Plan } from "./devices/run.ts";
import { STATES } from "./devices/states.ts";
import type { play as Play } from "./devices/worker.ts";

/** A fair part of the matrix of devices, and rules whose lack it notices; make crash-devices plays all of it. */
const { test, run } = suite("devices cut at every step", 240_000);

async function linked(name: string, edits: readonly Edit[] = []): Promise<typeof Play> {
  mkdirSync("dist", { recursive: true });
  const bundle = resolve(`dist/crash-devices-${name}-${process.pid}.mjs`);
  await linkSimulation(bundle, edits, "test/crash/devices/worker.ts");
  const { play } = (await import(pathToFileURL(bundle).href)) as { play: typeof Play };
  rmSync(bundle);
  return play;
}

const play = await linked("test");

test("every state ends as meant when nothing goes wrong, and each step that it lacks has its reason", async () => {
  const { steps } = await stepsOf(async (plan) => {
    const done = await play(plan);
    assert.equal(done.violations, [], JSON.stringify(plan));
    return done;
  });
  assert.is(steps.size, STATES.length);
  for (const { reason } of missingSteps(steps)) assert.ok(reason);
});

test("400 cuts and faults of the matrix: no motion too many, no false outcome, every count balances", async () => {
  const known = await stepsOf(play);
  for (const { plan } of round(0, 7, known).slice(0, 400))
    assert.equal((await play(plan)).violations, [], JSON.stringify(plan));
});

/** Rules of the vault and its drivers, each with runs of the matrix that need it. */
const mutants: { name: string; edits: Edit[]; plan: Omit<Plan, "seed" | "fault"> & { fault?: string } }[] = [
  {
    name: "a lock board that fell silent counts as watched",
    edits: [
      { file: "runtime/vault/motion.ts", from: "> UNSEEN_MS) watched = false;", to: "> UNSEEN_MS) {}" },
      { file: "runtime/vault/motion.ts", from: "watched: watched && ", to: "watched: watched || " },
    ],
    plan: { device: "plain", job: "take", step: "sent", victim: "device" },
  },
  {
    name: "what was issued counts as never sent after a restart",
    edits: [
      {
        file: "runtime/vault/recovery.ts",
        from: 'if (row.state === "INTENT")',
        to: 'if (row.state !== "DONE")',
      },
    ],
    plan: { device: "r02", job: "take", step: "present-sent", victim: "vault" },
  },
  {
    name: "a dispenser's motion is sent again, with a token that is good twice",
    edits: [
      {
        file: "drivers/dispenser/crt591/link.ts",
        from: 'if (kind !== "repeatable" || sends',
        to: "if (sends",
      },
      { file: "runtime/vault/tokens.ts", from: "!live.delete(token) || ", to: "" },
    ],
    plan: { device: "m001", job: "leave", step: "feed-written", victim: "nobody", fault: "unit-silent" },
  },
];

for (const { name, edits, plan } of mutants) {
  test(`caught: ${name}`, async () => {
    const mutant = await linked(`mutant-${mutants.findIndex((it) => it.name === name)}`, edits);
    const found: string[] = [];
    for (let seed = 1; seed <= 60 && found.length === 0; seed++) {
      const one = { fault: "none", ...plan, seed };
      assert.equal((await play(one)).violations, [], "with the rule");
      found.push(...(await mutant(one)).violations);
    }
    assert.ok(
      found.some((what) => /said to be|moved|turned|sent/.test(what)),
      `not noticed: ${found.join("; ")}`,
    );
  });
}

run();
