import * as assert from "uvu/assert";
import { sceneDrawer } from "../../../drivers/bench/camera/index.ts";
import { makePeople } from "../../../drivers/bench/people.ts";
import type { Scene } from "../../../drivers/bench/plant/index.ts";
import { assess } from "../../../runtime/senses/vision/assess.ts";
import { faceFinder } from "../../../runtime/senses/vision/faces.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("scenes before the portrait camera", 90_000);

test("everybody's portrait passes the photo check; each other scene fails with its own advice", async () => {
  const people = makePeople(1);
  const draw = sceneDrawer(people);
  const find = await faceFinder();
  const first = async (scene: Scene, frame: number) => {
    const judged = await assess(await draw(scene, 1032, 1290, frame), "hkic", find);
    if (!judged.ok) throw judged.error;
    return judged.value.pass ? "pass" : judged.value.verdicts.find(({ pass }) => !pass)?.advice;
  };
  const [ada = people[0], ben = people[1]] = ["ada", "ben"].map((id) => people.find((row) => row.id === id));
  // Both sides of the mirror, and frames at the corners of the play.
  for (const [person, frame] of [
    [ada, 0],
    [ben, 4],
    [ada, 8],
  ] as const) {
    assert.is(await first({ kind: "person", person: person?.id ?? "" }, frame), "pass");
  }
  assert.is(await first({ kind: "empty" }, 1), "noFace");
  assert.is(await first({ kind: "twoFaces", person: "ada", other: "ben" }, 1), "oneFaceOnly");
  assert.is(await first({ kind: "small", person: "ada" }, 1), "comeCloser");
  assert.is(await first({ kind: "dark", person: "ada" }, 1), "moreLight");
});

run();
