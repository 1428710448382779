import * as assert from "uvu/assert";
import { STICK_STATES, STICK_WORDS, type StickNotice } from "../../../../provisioning/stick/notice/index.ts";
import { LANGUAGES } from "../../../../runtime/core/screen/model.ts";
import { suite } from "../../../kit.ts";
import { settled, Unit } from "./fakes.ts";

const { test, run } = suite("visit: a stick in the service port");
const APPLY = ["hkic-application"];

async function tell(unit: Unit, current: StickNotice | undefined): Promise<void> {
  unit.fake.stick.current = current;
  unit.fake.stick.events.emit("changed", undefined);
  await settled();
}

test("what became of a stick stands in the place of rest, in each language, until it is out", async () => {
  const unit = await Unit.open(APPLY);
  for (const state of STICK_STATES) {
    await tell(unit, { v: 1, state, code: "bundle.older" });
    for (const id of LANGUAGES) {
      await unit.send({ type: "language", id });
      const { view } = unit;
      assert.ok(view.kind === "message");
      assert.is(view.title, STICK_WORDS[state][id].title);
      assert.is(view.code, "bundle.older");
      assert.equal(view.actions, []);
    }
  }
  await tell(unit, undefined);
  assert.is(unit.view.kind, "attract");
});

test("a person in a visit sees nothing of it", async () => {
  const unit = await Unit.open(APPLY);
  await unit.begin("hkic-application");
  const before = unit.view;
  await tell(unit, { v: 1, state: "reading" });
  assert.equal(unit.view, before);
});

test("every state has words, and says whether the stick stays in", () => {
  const says = { keep: /leave the stick in/, out: /may take the stick out/ };
  for (const state of STICK_STATES) {
    const { title, body } = STICK_WORDS[state].en;
    assert.ok(title.length > 0);
    if (state === "reading" || state === "trying") assert.match(body, says.keep);
    else if (state !== "gone") assert.match(body, says.out);
    for (const language of LANGUAGES)
      assert.ok(STICK_WORDS[state][language].body.length > 0, `${state} ${language}`);
  }
});

run();
