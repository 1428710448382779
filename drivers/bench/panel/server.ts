import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import fastify, { type FastifyInstance } from "fastify";
import { type DispenserView, Impossible } from "../plant/index.ts";
import type { Simulator } from "../world.ts";
import type { PanelBench } from "./action.ts";
import { ACTIONS } from "./actions.ts";
import type { PanelState } from "./view.ts";

export interface Panel extends Simulator {
  url: string;
}

const PAGE = fileURLToPath(new URL("page/", import.meta.url));
const FONTS = fileURLToPath(new URL("../../../node_modules/@fontsource-variable/", import.meta.url));
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".woff2": "font/woff2",
};

/**
 * The plant's panel: a page on which everything is done by hand, and the same over HTTP.
 * Loopback only and without log-in: it belongs to a developer's machine.
 * @param port 0 for any
 */
export async function startPanel(bench: PanelBench, port: number): Promise<Panel> {
  const app = fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    forceCloseConnections: true,
  });
  app.addHook("onRequest", async (request, reply) => {
    // A page elsewhere that has its name resolve to this machine may not play with the plant.
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? "")) {
      return reply.code(403).send({ error: "host" });
    }
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (error instanceof Impossible) return reply.code(409).send({ error: error.reason });
    return reply.code(error.statusCode ?? 500).send({ error: error.message });
  });
  app.get("/healthz", async () => ({ ok: true }));
  app.get("/state", async () => panelState(bench));
  app.get("/motions", async () => bench.plant.motions());
  app.get("/items", async () => bench.plant.ledgerOfItems());
  for (const { path, body, run } of ACTIONS) {
    app.post(path, { schema: { body } }, async (request) => {
      run(bench, request.body as never);
      return { ok: true, seq: bench.plant.state().seq };
    });
  }
  serveEvents(app, bench);
  app.get<{ Params: { camera: string }; Querystring: { width?: string } }>(
    "/picture/:camera",
    async (request, reply) => {
      const width = Math.min(1_296, Math.max(80, Number(request.query.width ?? 320)));
      const jpeg = await bench.plant.picture(request.params.camera, width, Math.round(width * 1.25));
      return reply.type("image/jpeg").header("cache-control", "no-store").send(Buffer.from(jpeg));
    },
  );
  await servePage(app);
  const url = await app.listen({ host: "127.0.0.1", port });
  return { url, stop: () => app.close() };
}

/** Server-sent events: what happened since `after`, then everything as it happens. */
function serveEvents(app: FastifyInstance, { plant }: PanelBench): void {
  app.get<{ Querystring: { after?: string } }>("/events", (request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const after = Number(request.headers["last-event-id"] ?? request.query.after ?? 0);
    const send = (event: { seq: number }) =>
      reply.raw.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
    reply.raw.write(": the plant\n\n");
    for (const event of plant.events(after)) send(event);
    const stop = plant.onEvent(send);
    reply.raw.on("close", stop);
  });
}

async function servePage(app: FastifyInstance): Promise<void> {
  const bundle = await build({
    entryPoints: [join(PAGE, "panel.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  const script = bundle.outputFiles[0]?.contents ?? new Uint8Array();
  const file = (path: string, name: string) =>
    app.get(path, async (_request, reply) =>
      reply.type(TYPES[extname(name)] ?? "application/octet-stream").send(await readFile(join(PAGE, name))),
    );
  file("/", "index.html");
  file("/panel.css", "panel.css");
  file("/plant.css", "plant.css");
  app.get("/panel.js", async (_request, reply) => reply.type(TYPES[".js"] ?? "").send(Buffer.from(script)));
  app.get<{ Params: { "*": string } }>("/fonts/*", async (request, reply) => {
    const path = normalize(join(FONTS, request.params["*"]));
    if (!path.startsWith(FONTS) || !TYPES[extname(path)]) return reply.code(404).send();
    const content = await readFile(path).catch(() => null);
    if (!content) return reply.code(404).send();
    return reply.type(TYPES[extname(path)] ?? "").send(content);
  });
}

const codesOf = (it: DispenserView, codes: ReadonlyMap<number, string>) => {
  const named = (ids: readonly number[]) => ids.map((id) => codes.get(id) ?? "");
  return { cards: named(it.magazine), pathCards: named(it.inPath), binCards: named(it.bin) };
};

function panelState({ plant }: PanelBench): PanelState {
  const state = plant.state();
  const codes = new Map(state.items.map(({ id, code }) => [id, code]));
  return {
    seq: state.seq,
    people: plant.people.map(({ id, nameEn, nameZh, number, dateOfBirth, sex, eligibleFor }) => ({
      id,
      nameEn,
      nameZh,
      number,
      dateOfBirth,
      sex,
      eligibleFor,
    })),
    devices: plant.config.devices.map(({ role, driver }) => ({
      role,
      driver,
      attached: plant.attached(role),
    })),
    fingers: state.fingers,
    cameras: state.cameras,
    slots: plant.config.slots.flatMap(({ slot, light }) => {
      const found = state.compartments.find((row) => row.slot === slot);
      if (!found) return [];
      return [
        {
          ...found,
          slot,
          code: found.item === null ? null : (codes.get(found.item) ?? null),
          light: light === undefined ? null : (state.lamps[light] ?? null),
          sensed: plant.itemSensed(found.lock, found.compartment),
        },
      ];
    }),
    dispensers: state.dispensers.map((it) => ({ ...it, ...codesOf(it, codes) })),
    out: state.items.filter(({ place }) => place === "out"),
    inputs: state.inputs,
    climate: state.climate,
    power: state.power,
    stand: state.stand,
    papers: state.papers,
  };
}
