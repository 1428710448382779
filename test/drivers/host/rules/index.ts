import { cancel } from "./cancel.ts";
import { commands } from "./commands.ts";
import { life } from "./life.ts";
import { motion } from "./motion.ts";
import { selftests } from "./selftests.ts";
import { telling } from "./telling.ts";

/** What the layer promises of commands, each as a scenario that a host without the rule fails. */
export const rules = { ...commands, ...cancel, ...motion, ...life, ...selftests, ...telling };
