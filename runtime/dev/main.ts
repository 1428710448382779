import { startStack } from "./stack.ts";

/** `make run`: the whole thing on one machine, until Ctrl-C. */
const data = process.env.DATA ?? "data";
const stack = await startStack({
  data,
  portBase: Number(process.env.PORT_BASE ?? 8400),
  seed: process.env.SEED ?? "1",
  alwaysOpen: process.env.HOURS !== "real",
});
console.log(JSON.stringify({ ready: "panel", url: stack.panelUrl }));
console.log(JSON.stringify({ ready: "console", url: stack.consoleUrl }));
const screen = await stack.unit?.screen();
console.log(`
  the kiosk screen     ${screen}
  the plant's panel    ${stack.panelUrl}
  the centre's console ${stack.consoleUrl}

  First operators of the console:   make operators DATA=${data}
  Stop with Ctrl-C; a second run goes on with the same data; make clean-data forgets it.
`);

let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    void stack.stop().then(() => process.exit(0));
  });
}
