import { existsSync } from "node:fs";
import * as assert from "uvu/assert";
import { conform, subjectOf } from "../../drivers/conformance/index.ts";
import { DRIVER_NAMES } from "../../drivers/registry/index.ts";
import { suite } from "../kit.ts";

/** Every driver of the registry with its simulator; the deep run is `make docs-devices`. */
const { test, run } = suite("conformance of every driver", 240_000);

test("every driver has a conformance entry", () => {
  const missing = DRIVER_NAMES.filter(
    (name) => !existsSync(`drivers/${name.replace(".", "/")}/conformance.ts`),
  );
  assert.equal(missing, []);
});

/** The suite waits most of its time, so a few drivers go through it beside each other. */
const LANES = 3;
const lanes: Promise<unknown>[] = Array.from({ length: LANES }, () => Promise.resolve());

for (const [i, name] of DRIVER_NAMES.entries()) {
  const conformed = Promise.resolve(lanes[i % LANES]).then(async () => conform(await subjectOf(name)));
  lanes[i % LANES] = conformed.catch(() => undefined);
  test(name, async () => {
    const report = await conformed;
    assert.equal(report.findings, []);
    assert.ok(report.verbs.length > 0 && report.cases > 3, `${report.cases} cases`);
  });
}

run();
