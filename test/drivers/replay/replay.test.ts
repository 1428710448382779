import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { AnyModule } from "../../../drivers/conformance/index.ts";
import { type Flight, readFlight } from "../../../drivers/flight/format.ts";
import { type Replayed, replay } from "../../../drivers/replay/index.ts";
import { suite } from "../../kit.ts";
import { changedDriver } from "../../support/changed-driver.ts";
import type { Edit } from "../../support/edited.ts";
import { recordScenario, SCENARIOS } from "../../support/flight-scenarios.ts";

const { test, run } = suite("replays", 120_000);
const FOLDER = "test/fixtures/replays";
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith(".jsonl"));

function flightOf(text: string): Flight {
  const flight = readFlight(text);
  if (!flight.ok) throw flight.error;
  return flight.value;
}

async function play(flight: Flight, module?: AnyModule): Promise<Replayed> {
  const played = await replay(flight, module ? { module } : {});
  if (!played.ok) throw played.error;
  return played.value;
}

test("every recorded fault comes again", async () => {
  assert.ok(FILES.length >= 5);
  assert.ok(
    new Set(FILES.map((file) => flightOf(readFileSync(join(FOLDER, file), "utf8")).header.driver)).size >= 5,
  );
  for (const file of FILES) {
    const { same, recorded, replayed, differences } = await play(
      flightOf(readFileSync(join(FOLDER, file), "utf8")),
    );
    assert.ok(
      same,
      `${file}\n${JSON.stringify(recorded)}\n${JSON.stringify(replayed)}\n${differences.join("\n")}`,
    );
    assert.equal(differences, [], file);
    assert.ok(recorded.faults.length + recorded.answers.length > 0, `${file} says nothing`);
  }
});

test("what a scenario records now is what is kept of it, and comes again", async () => {
  for (const name of ["lock-late-reply", "finger-unplugged-in-an-image"] as const) {
    const [text] = await recordScenario(SCENARIOS[name] as (typeof SCENARIOS)[string]);
    const fresh = flightOf(text ?? "");
    const kept = flightOf(readFileSync(join(FOLDER, `${name}.jsonl`), "utf8"));
    assert.is(fresh.header.code, kept.header.code);
    assert.ok((await play(fresh)).same);
  }
});

const CHANGES: Record<string, { driver: string; recording: string; change: Edit }> = {
  "that does not resynchronise after noise": {
    driver: "fingerprint.ef01",
    recording: "finger-garbage-then-unplugged",
    change: {
      file: "fingerprint/ef01/parser.ts",
      from: "        at++;\n",
      to: "        at = data.length;\n",
    },
  },
  "that takes a late answer for the next one": {
    driver: "lock.kerong",
    recording: "lock-late-reply",
    change: {
      file: "lock/kerong/bus.ts",
      from: "          this.#quietUntil = this.#clock.mono() + SETTLE_MS;\n          // What has begun",
      to: "          // What has begun",
    },
  },
  "that listens to every address": {
    driver: "lock.kerong",
    recording: "lock-answers-as-another-board",
    change: { file: "lock/kerong/bus.ts", from: "        if (frame.board !== board) return;\n", to: "" },
  },
  "that calls a jam a success": {
    driver: "dispenser.crt591",
    recording: "dispenser-jam",
    change: {
      file: "dispenser/crt591/unit.ts",
      from: "    if (reply.ok) return reply;\n    throw faultOf(reply.error);",
      to: "    return reply as Positive;",
    },
  },
};

for (const [words, { driver, recording, change }] of Object.entries(CHANGES))
  test(`a driver ${words} fails its recording`, async () => {
    const flight = flightOf(readFileSync(join(FOLDER, `${recording}.jsonl`), "utf8"));
    assert.ok((await play(flight, await changedDriver(driver, []))).same, "the driver as it is passes");
    assert.not.ok((await play(flight, await changedDriver(driver, [change]))).same);
  });

test("what is no recording, and what cannot be played, is said", async () => {
  for (const text of ["", "{}", "not json", `{"flight":2}\n`]) {
    const read = readFlight(text);
    assert.is(read.ok ? "" : read.error.code, "flight.notAFlight", text);
  }
  const flight = flightOf(readFileSync(join(FOLDER, FILES[0] ?? ""), "utf8"));
  const code = async (driver: string) => {
    const played = await replay({ ...flight, header: { ...flight.header, driver } });
    return played.ok ? "" : played.error.code;
  };
  assert.is(await code("lock.unheard"), "replay.unknownDriver");
  assert.is(await code("camera.libcamera"), "replay.notReplayed");
});

run();
