import { startVault } from "../../../runtime/vault/index.ts";
import { suite } from "../../kit.ts";
import { afterCut } from "./after-cut.ts";
import { rules } from "./rules.ts";
import { staffRules } from "./staff-rules.ts";

const { test, run } = suite("vault rules");

for (const [rule, scenario] of Object.entries({ ...rules, ...afterCut, ...staffRules }))
  test(rule, (t) => scenario(t, startVault));

run();
