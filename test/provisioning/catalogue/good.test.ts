import * as assert from "uvu/assert";
import { BUNDLE_KINDS } from "../../../provisioning/bundle/index.ts";
import { seeded } from "../../crash/replay/random.ts";
import { suite } from "../../kit.ts";
import { HAS, owner } from "./forge.ts";
import { GoodBundles } from "./good.ts";
import { places } from "./place.ts";

const RUNS = Number(process.env.RUNS ?? 1_000);
const SEED = Number(process.env.SEED ?? 1);
const { test, run } = suite("good bundles", 240_000);

test(`${RUNS} generated ones (seed ${SEED}), of every kind, target and size, are good for the tool and taken by the unit, but for software, which is good and taken by none`, async (t) => {
  const at = await places(t, owner);
  const bundles = new GoodBundles(seeded(SEED), HAS);
  for (let n = 0; n < RUNS; n++) {
    const kind = BUNDLE_KINDS[n % BUNDLE_KINDS.length];
    const bundle = bundles.next(kind);
    assert.is(await at.opens(bundle), "ok", `${n}, ${kind}, by itself`);
    const said = kind === "software" ? "bundle.notInstallable" : "ok";
    assert.is(await at.tool(bundle), said, `${n}, ${kind}, by the tool`);
    assert.is((await at.unit(bundle)).code, said, `${n}, ${kind}, by the unit`);
    await at.tellTool();
  }
});

test("one of exactly the largest size of its kind is taken", async (t) => {
  const at = await places(t, owner);
  const bundles = new GoodBundles(seeded(SEED), HAS);
  for (const kind of ["claim", "certificates", "configuration", "content"] as const) {
    const bundle = bundles.largest(kind);
    assert.is(await at.tool(bundle), "ok", kind);
    assert.is((await at.unit(bundle)).code, "ok", kind);
  }
});

run();
