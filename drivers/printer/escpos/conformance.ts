import type { Plant } from "../../bench/index.ts";
import { type PrinterSimulator, startPrinterSimulator } from "../../bench/printer/index.ts";
import type { ConformanceEntry } from "../../conformance/index.ts";
import type { Printed, Printer, PrinterState } from "../../contract/index.ts";

interface Sim {
  printer: PrinterSimulator;
  plant: Plant;
  /** Names the last document that was asked for. */
  wanted: string;
}

const ROLE = "printer.receipt";
const LAST_LINE = "請保留此收據。";
const view = ({ plant }: Sim) => {
  const [only] = plant.papers.views();
  if (!only) throw new TypeError("the plant has one printer");
  return only;
};
const loaded = ({ plant }: Sim, lines = 1_500) => {
  plant.papers.setPaper(ROLE, lines);
  plant.papers.setCover(ROLE, "closed");
  plant.papers.setCutter(ROLE, "ok");
};
/** Whether the document came out whole and was cut off. */
const isOut = (sim: Sim): boolean =>
  view(sim).tickets.some(
    (lines) =>
      lines.includes(`No. ${sim.wanted}`) &&
      lines.includes(`[QR guichet:${sim.wanted}]`) &&
      lines.at(-1) === LAST_LINE,
  );

export const conformance: ConformanceEntry<Printer, Sim> = {
  configuration: {
    role: ROLE,
    driver: "printer.escpos",
    port: { path: "/dev/printer", baudRate: 38_400 },
    profile: "tm",
    encoding: "gb18030",
    columns: 48,
  },
  start: ({ plant, line, clock }) => ({
    plant,
    wanted: "",
    printer: startPrinterSimulator({
      device: ROLE,
      line,
      world: plant,
      profile: "tm",
      encoding: "gb18030",
      clock,
    }),
  }),
  stop: ({ printer }) => printer.stop(),
  reset: ({ printer }) => printer.powerCycle(),
  motions: (sim) => view(sim).printed,
  evidence: ["confirmation", "status"],
  unrest: ({ printer }) => (printer.waiting() > 0 ? "the rest of a document in the printer" : undefined),
  trials: {
    print: {
      kind: "actuate",
      situations: {
        "there is paper": (sim) => loaded(sim),
        "the paper will soon end": (sim) => loaded(sim, 100),
      },
      run: (printer, context, sim) => {
        const token = context.token();
        sim.wanted = token.effect;
        return printer.print(token, {
          parts: [
            { text: "收據 Receipt", size: "large", align: "centre" },
            { text: `No. ${token.effect}` },
            { qr: `guichet:${token.effect}` },
            { text: LAST_LINE },
          ],
        });
      },
      outcome: ({ outcome }: Printed) => outcome,
      truth: (sim) => (isOut(sim) ? ["presented"] : ["notMoved"]),
      deviceTimeMs: 18_000,
    },
    read: {
      kind: "query",
      situations: {
        "there is paper": (sim) => loaded(sim),
        "the paper will soon end": (sim) => loaded(sim, 100),
        "there is no paper": (sim) => loaded(sim, 0),
        "the cover is open": ({ plant }) => plant.papers.setCover(ROLE, "open"),
      },
      run: (printer) => printer.read(),
      lie: (state: PrinterState, sim) => {
        const { left, cover } = view(sim);
        const paper = left === 0 ? "out" : left < 120 ? "nearEnd" : "enough";
        if (state.cover !== cover) return `cover ${state.cover}`;
        if (state.paper !== paper) return `paper ${state.paper}`;
        if (state.error !== "none") return `error ${state.error}`;
        return state.online === (cover === "closed" && left > 0) ? undefined : `online ${state.online}`;
      },
    },
  },
  sensorFaults: {
    "the knife sticks": ({ plant }) => plant.papers.setCutter(ROLE, "stuck"),
    "the paper ends in the middle": (sim) => loaded(sim, 6),
    "the cover is opened": ({ plant }) => plant.papers.setCover(ROLE, "open"),
  },
};
