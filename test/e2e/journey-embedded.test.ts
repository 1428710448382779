import { suite } from "../kit.ts";
import { journey } from "./journey.ts";

const { test, run } = suite("the main job, on the embedded broker", 240_000);
test("apply, approve, assign, load, collect", (t) => journey(t, { portBase: 21_000 }));
run();
