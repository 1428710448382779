import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { checkVerification } from "../../../runtime/vault/self-check.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("self-check");

const clock = { ...systemClock, sleep: async () => undefined };

test("papers are judged as they should be, and a vault that is to end does not begin", async () => {
  await checkVerification(clock, new AbortController().signal);
  await checkVerification({ ...clock, wall: () => Number.NaN }, AbortSignal.abort());
});

test("a vault that refuses what is good says so", async () => {
  // Its clock runs fifty years ahead between the making of the papers and their judgement.
  let looks = 0;
  const wall = () => Date.now() + (looks++ > 1 ? 50 * 365 * 86_400_000 : 0);
  await checkVerification({ ...clock, wall }, new AbortController().signal).then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, "vault.selfCheck"),
  );
});

run();
