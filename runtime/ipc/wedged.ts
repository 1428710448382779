import { defineEvents } from "../../drivers/kit/index.ts";

const log = defineEvents("process", {
  endsWedged: {
    level: "error",
    what: "A driver holds its device beyond its time; the process ends by SIGALRM, is started anew and recovers",
    fields: ["role"],
  },
});

/**
 * Ends this process, whose driver does not let go of the device `role`: nothing else frees a device. Not by `process.exit`,
 * which waits for every thread of the pool, one that is stuck in a system call included. Nobody else sends SIGALRM, so that
 * a supervisor can tell this end from others (shell status 142).
 */
export function endWedged(role: string): void {
  log("endsWedged", { role });
  process.kill(process.pid, "SIGALRM");
}
