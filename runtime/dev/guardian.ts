import { runGuardian } from "../../drivers/lock/gpio/index.ts";
import { benchPorts } from "./bench-ports.ts";

/** The guardian of GPIO locks on the bench: the one of a unit with the bench's lines plugged in. */
await runGuardian((await benchPorts()).gpio);
