import * as assert from "uvu/assert";
import { suite } from "../kit.ts";
import { fuzz } from "./engine.ts";
import { PARSERS } from "./parsers.ts";

/** The same properties as `make fuzz`, small and with a seed that never changes. */
const { test, run } = suite("parsers under junk");
const STREAMS = 4_000;
const SEED = 7;

for (const subject of PARSERS) {
  test(`${subject.name}: finds every right frame after any junk, and no other`, () => {
    const tally = fuzz(
      subject,
      SEED,
      (streams) => streams >= (subject.layout.longest > 10_000 ? STREAMS / 20 : STREAMS),
    );
    assert.equal(tally.failures, []);
    assert.ok(
      subject.expect || tally.frames >= tally.intact * 0.98,
      `${tally.frames} frames of ${tally.intact} put there`,
    );
  });
}

test("a parser that leaves out a whole wrong frame is caught, and one that does not look at the sum", () => {
  const [subject] = PARSERS;
  if (!subject) throw new TypeError("no parser");
  const broken = (checks: boolean) => () => {
    let kept = Buffer.alloc(0);
    return (chunk: Uint8Array): string[] => {
      kept = Buffer.concat([kept, chunk]);
      const found: string[] = [];
      for (;;) {
        const at = kept.indexOf("ef01", 0, "hex");
        if (at < 0 || kept.length < at + 9) return found;
        const end = at + 9 + kept.readUInt16BE(at + 7);
        if (kept.length < end) return found;
        const frame = kept.subarray(at, end);
        if (!checks || subject.layout.frameAt(frame, 0) > 0) found.push(frame.toString("hex"));
        kept = kept.subarray(end);
      }
    };
  };
  for (const checks of [true, false]) {
    const { failures } = fuzz({ ...subject, make: broken(checks) }, SEED, (streams) => streams >= 500);
    assert.ok(failures.some(({ what }) => (checks ? /found/ : /made up/).test(what)));
  }
});

run();
