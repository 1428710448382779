import * as assert from "uvu/assert";
import type { Clock } from "../../../drivers/kit/index.ts";
import { twoLooks } from "../../../runtime/vault/looks.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("two looks");

const clock = { sleep: async () => undefined } as unknown as Clock;

const looked = async (...shown: (string | undefined)[]) => {
  let looks = 0;
  const pair = await twoLooks(
    clock,
    async () => shown[looks++],
    (one, other) => one === other,
  );
  return { pair, looks };
};

test("two looks that say the same are enough", async () => {
  assert.equal(await looked("locked", "locked", "open"), { pair: ["locked", "locked"], looks: 2 });
});

test("a hand that comes in between is looked past: what is there then is seen twice", async () => {
  assert.equal(await looked("present", "absent", "absent"), { pair: ["absent", "absent"], looks: 3 });
});

test("a sensor that says something else at each look still contradicts itself", async () => {
  assert.equal(await looked("present", "absent", "present"), { pair: ["absent", "present"], looks: 3 });
});

test("a device that does not answer is not asked more often", async () => {
  assert.equal(await looked(undefined, "open", "open"), { pair: [undefined, "open"], looks: 2 });
  assert.equal(await looked("open", undefined, "open"), { pair: ["open", undefined], looks: 2 });
});

run();
