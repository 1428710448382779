import { startVault } from "../../../runtime/vault/index.ts";
import { suite } from "../../kit.ts";
import { afterCut } from "./after-cut.ts";
import { rules } from "./rules.ts";
import { staffHere } from "./staff-here.ts";

const { test, run } = suite("vault rules", 30_000);

for (const [rule, scenario] of Object.entries({ ...rules, ...afterCut, ...staffHere }))
  test(rule, (t) => scenario(t, startVault));

run();
