import * as assert from "uvu/assert";
import { suite } from "../../kit.ts";
import { signed } from "../../support/bundles.ts";
import { BAD } from "./bad.ts";
import { contentFor, owner, signersOf } from "./forge.ts";
import { fingerprint, places } from "./place.ts";

const { test, run } = suite("bad bundles");

test("there are more than a hundred of them, each with a name of its own", () => {
  assert.ok(BAD.length >= 200, String(BAD.length));
  assert.is(new Set(BAD.map(({ name }) => name)).size, BAD.length);
});

test("each is refused with its reason by a unit, which stays as it was, and by the tool", async (t) => {
  const at = await places(t, owner);
  const before = fingerprint(at.state);
  const wrong: string[] = [];
  for (const bad of BAD) {
    const made = bad.make();
    const bundles = Array.isArray(made) ? made : [made];
    const unit = await at.unit(...bundles);
    const tool = await at.tool(...bundles);
    if (unit.code !== bad.code) wrong.push(`${bad.name}: the unit says ${unit.code}, not ${bad.code}`);
    if (bad.at && unit.at !== bad.at) wrong.push(`${bad.name}: the unit says ${unit.at}, not ${bad.at}`);
    if (tool !== bad.code) wrong.push(`${bad.name}: the tool says ${tool}, not ${bad.code}`);
    if (fingerprint(at.state) !== before) wrong.push(`${bad.name}: the unit has changed`);
  }
  assert.is(wrong.join("\n"), "");
});

test("what they were made from is good: each kind, unspoilt, is taken by the same unit", async (t) => {
  const at = await places(t, owner);
  assert.is(await at.opens(signed(owner, contentFor("software"), signersOf("software"))), "ok");
  for (const kind of ["claim", "certificates", "content", "configuration", "command"] as const) {
    const bundle = signed(owner, contentFor(kind), signersOf(kind));
    assert.is(await at.tool(bundle), "ok", kind);
    assert.is((await at.unit(bundle)).code, "ok", kind);
  }
});

run();
