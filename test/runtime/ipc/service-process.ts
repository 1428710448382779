import { runProcess } from "../../../runtime/ipc/index.ts";

/** A process of a unit as the tests start it: `service-process.ts STATE (well|hangs|fails)`. */
const [state = "", how] = process.argv.slice(2);
let beats = 0;
await runProcess({
  name: "probe",
  state,
  deadlineMs: 10_000,
  start: async () => {
    if (how === "fails") throw new Error("no");
    setInterval(() => undefined, 60_000);
    // Hangs after its second beat.
    return { stop: async () => undefined, healthy: () => how === "well" || ++beats <= 2 };
  },
});
