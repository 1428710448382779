import * as assert from "uvu/assert";
import { conform, type Finding } from "../../drivers/conformance/index.ts";
import { suite } from "../kit.ts";
import { DEFECTS, type Defect, toy } from "./fixtures/toy.ts";

/** The conformance suite is worth what it finds: a good driver passes it, and each broken one fails for its own reason. */
const { test, run } = suite("conformance of broken drivers", 120_000);

const FOUND: Record<Defect, (finding: Finding) => boolean> = {
  retriesMotion: ({ trial, said }) => trial === "give" && /moved \d times with \d permissions/.test(said),
  claimsTaken: ({ trial, said }) => trial === "give" && /claimed taken, where it is presented/.test(said),
  ignoresCancel: ({ trial, fault, said }) =>
    trial === "hand" && fault === "cancel" && /went on for|not device.canceled/.test(said),
  tellsTwice: ({ trial, said }) => trial === "hand" && /told lift after it had ended/.test(said),
  liesAboutSensor: ({ trial, said }) => trial === "read" && /said what is not so/.test(said),
  believesWrongSum: ({ fault }) => fault === "badChecksum" || fault === "flippedBit",
  takesOldAnswer: ({ fault }) => fault === "lateReply" || fault === "duplicateReply",
  needsNoPermission: ({ said }) => /without a good permission|moved \d times with 0/.test(said),
  leavesLampOn: ({ said }) => /left something behind: a lamp/.test(said),
  claimsWithoutAnswer: ({ said }) => /although the device never answered/.test(said),
  throws: ({ said }) => /threw TypeError/.test(said),
};

test("a good driver passes with every fault that its port can have", async () => {
  const report = await conform(toy());
  assert.equal(report.findings, []);
  assert.ok(report.cases > 100, String(report.cases));
  for (const fault of [
    "noReply",
    "lateReply",
    "truncated",
    "split",
    "merged",
    "echo",
    "unplugMidCommand",
    "cancel",
  ])
    assert.ok((report.tried[fault] ?? 0) > 0, fault);
});

for (const defect of DEFECTS) {
  test(`found: ${defect}`, async () => {
    const { findings } = await conform(toy(defect));
    assert.ok(findings.some(FOUND[defect]), JSON.stringify(findings.slice(0, 10), null, 1));
  });
}

run();
