import * as assert from "uvu/assert";
import * as host from "../../../drivers/host/index.ts";
import { suite } from "../../kit.ts";
import { randomSchedule } from "./schedule.ts";

const { test, run } = suite("device host: random schedules", 120_000);

test("300 random days: each command completes once, motions never meet, nothing moves that must not", async () => {
  const base = Number(process.env.SEED ?? 1);
  let ran = 0;
  let moved = 0;
  for (let seed = base; seed < base + 300; seed++) {
    const day = await randomSchedule(host, seed);
    ran += day.ran;
    moved += day.moved;
  }
  assert.ok(ran > 3_000 && moved > 500, `${ran} runs, ${moved} motions`);
});

run();
