import * as assert from "uvu/assert";
import { systemClock } from "../../../drivers/kit/index.ts";
import { Papers } from "../../../runtime/vault/papers.ts";
import { suite } from "../../kit.ts";
import { heard } from "../../support/log.ts";
import { makePapers } from "../../support/vault-papers.ts";

const { test, run } = suite("the vault's papers");

test("a clock that was ahead when the vault started is told once, each time that it is", (t) => {
  const lines = heard(t, "error");
  const told = () => lines.map(({ event, seconds }) => [event, seconds]);
  const signed = makePapers("kt-01");
  const voucher = signed.voucher("ITEM-1");
  const now = Date.now();
  const clock = { ...systemClock, ahead: 86_400_000, wall: () => now + clock.ahead, mono: () => 0 };
  const keys = Object.values(signed.keys).map((key) => key.public);
  const papers = new Papers({ unit: "kt-01", keys, sensesKeyPath: "none", clock });
  const judged = (): string => {
    const result = papers.voucher(voucher);
    return result.ok ? "ok" : result.error.code;
  };
  assert.is(judged(), "vault.expired");
  assert.equal(told(), [], "as long as nobody has set it back");
  clock.ahead = 0;
  // What the clock says now may be another mistake: nothing comes to life again by it.
  assert.is(judged(), "vault.expired");
  assert.is(judged(), "vault.expired");
  assert.equal(told(), [["vault.clockBehind", 86_400]]);
  clock.ahead = 86_400_000 - 60_000;
  judged();
  assert.is(lines.length, 1);
  clock.ahead -= 1;
  judged();
  assert.is(lines.length, 2);
});

run();
