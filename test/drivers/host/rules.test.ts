import * as host from "../../../drivers/host/index.ts";
import { suite } from "../../kit.ts";
import { rules } from "./rules/index.ts";

const { test, run } = suite("device host: rules");

for (const [name, rule] of Object.entries(rules)) test(name, () => rule(host));

run();
