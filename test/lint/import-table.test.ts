import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { ROOMS, sourceFiles, violations } from "../../tools/import-table.ts";
import { suite } from "../kit.ts";

const { test, run } = suite("import table");

/** One import that each row must refuse. */
const FORBIDDEN: Record<string, string> = {
  "drivers/kit": "drivers/contract/index.ts",
  "drivers/contract": "drivers/ports/index.ts",
  "drivers/store": "drivers/contract/index.ts",
  "drivers/ports": "drivers/host/index.ts",
  "drivers/flight": "drivers/host/index.ts",
  "drivers/host": "drivers/ports/index.ts",
  "drivers/bench": "drivers/lock/kerong/index.ts",
  "drivers/registry": "drivers/bench/index.ts",
  "drivers/conformance": "runtime/core/index.ts",
  "drivers/replay": "runtime/core/index.ts",
  drivers: "drivers/bench/index.ts",
  flows: "runtime/core/index.ts",
  provisioning: "drivers/ports/index.ts",
  "fleet/contract": "fleet/server/index.ts",
  "fleet/broker": "fleet/server/index.ts",
  "fleet/console": "fleet/server/index.ts",
  "fleet/server": "runtime/core/index.ts",
  "runtime/ipc": "fleet/contract/index.ts",
  "runtime/diagnostics": "runtime/vault/index.ts",
  "runtime/core": "runtime/vault/index.ts",
  "runtime/vault": "runtime/core/index.ts",
  "runtime/senses": "drivers/bench/index.ts",
  "runtime/provisioner": "drivers/bench/index.ts",
  "runtime/grants": "runtime/core/index.ts",
  "runtime/console": "runtime/core/index.ts",
  "runtime/dev": "test/kit.ts",
  tools: "test/kit.ts",
  test: "docs/index.ts",
};

test("every row refuses an import that it does not name", () => {
  for (const { room } of ROOMS) {
    const target = FORBIDDEN[room];
    assert.ok(target, `no violating fixture for ${room}`);
    const file = room === "drivers" ? "drivers/lock/kerong/driver.ts" : `${room}/somewhere/file.ts`;
    const up = "../".repeat(file.split("/").length - 1);
    for (const source of [
      `import { x } from "${up}${target}";`,
      `import type { X } from "${up}${target}";`,
      `const x = await import("${up}${target}");`,
      `export * from "${up}${target}";`,
    ]) {
      assert.is(violations(file, source).length, 1, `${room}: ${source}`);
    }
  }
});

test("a driver may not import another driver, and a room is entered by its index only", () => {
  assert.is(
    violations("drivers/lock/kerong/driver.ts", `import { x } from "../../sensor/bme280/index.ts";`).length,
    1,
  );
  assert.is(
    violations("runtime/vault/ledger.ts", `import { x } from "../../drivers/kit/clock.ts";`).length,
    1,
  );
  assert.is(
    violations("runtime/vault/ledger.ts", `import { x } from "../../drivers/kit/index.ts";`).length,
    0,
  );
});

test("a chip's simulator knows the bench's chip and not its driver, and the driver does not know it", () => {
  const simulator = "drivers/sensor/bme280/simulator.ts";
  const count = (file: string, target: string) => violations(file, `import { x } from "${target}";`).length;
  assert.is(count(simulator, "../../bench/bus/chip.ts"), 0);
  assert.is(count(simulator, "../../kit/index.ts"), 0);
  assert.is(count(simulator, "./registers.ts"), 1);
  assert.is(count(simulator, "../../ports/index.ts"), 1);
  assert.is(count(simulator, "../../bench/index.ts"), 1);
  assert.is(count("drivers/sensor/bme280/driver.ts", "./simulator.ts"), 1);
  assert.is(count("drivers/sensor/bme280/conformance.ts", "./simulator.ts"), 0);
});

test("the code keeps the table", () => {
  const roots = ["drivers", "flows", "fleet", "provisioning", "runtime", "tools", "test"];
  assert.equal(
    roots.flatMap(sourceFiles).flatMap((file) => violations(file, readFileSync(file, "utf8"))),
    [],
  );
});

run();
