import { systemPorts } from "../../../ports/index.ts";
import { runGuardian } from "./run.ts";

await runGuardian(systemPorts().gpio);
