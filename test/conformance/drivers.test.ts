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

for (const name of DRIVER_NAMES) {
  test(name, async () => {
    const report = await conform(await subjectOf(name));
    assert.equal(report.findings, []);
    assert.ok(report.verbs.length > 0 && report.cases > 3, `${report.cases} cases`);
  });
}

run();
