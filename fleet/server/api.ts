import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { check, type Result } from "../../drivers/kit/index.ts";
import { claimRoutes } from "./api-claims.ts";
import { submissionRoutes } from "./api-submissions.ts";
import { readAudit } from "./audit.ts";
import type { Parts } from "./centre.ts";
import { centreFault } from "./faults.ts";
import { COOKIE, staff, tokenOf } from "./http.ts";
import { OPERATOR_ROLES, type Operator } from "./operators.ts";

const Id = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
const closed = { additionalProperties: false };

/** The body of a request by its schema; throws the schema's fault. */
export function body<T extends TSchema>(request: FastifyRequest, schema: T): Static<T> {
  const checked = check(schema, request.body, "request");
  if (!checked.ok) throw checked.error;
  return checked.value;
}

/** The id in the path. */
export function idOf(request: FastifyRequest, name = "id"): string {
  const checked = check(Id, (request.params as Record<string, unknown>)[name], "path");
  if (!checked.ok) throw checked.error;
  return checked.value;
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw result.error;
  return result.value;
}

const withoutSecrets = ({ id, name, roles }: Operator) => ({ id, name, roles });

/** Everything that the page does, and scripts may do, see docs/centre.md. */
export function apiRoutes(server: FastifyInstance, parts: Parts): void {
  accountRoutes(server, parts);
  unitRoutes(server, parts);
  submissionRoutes(server, parts);
  claimRoutes(server, parts);
  server.get("/api/journal", async (request) => {
    await staff(parts, request);
    return { rows: await parts.journal.list() };
  });
  const Before = Type.Object({ before: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })) });
  server.get("/api/audit", async (request) => {
    await staff(parts, request, "admin", "officer");
    const asked = check(Before, request.query, "query");
    if (!asked.ok) throw asked.error;
    const { before } = asked.value;
    return { rows: await readAudit(parts.context, before === undefined ? undefined : Number(before)) };
  });
  server.get("/api/events", (request, reply) => events(parts, request, reply));
}

function accountRoutes(server: FastifyInstance, parts: Parts): void {
  const Login = Type.Object(
    { id: Type.String({ maxLength: 40 }), password: Type.String({ maxLength: 200 }) },
    closed,
  );
  server.post("/api/login", async (request, reply) => {
    const { id, password } = body(request, Login);
    const { token, operator } = value(await parts.operators.login(id, password, request.ip));
    reply.header("set-cookie", `${COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict`);
    return withoutSecrets(operator);
  });
  server.post("/api/logout", async (request, reply) => {
    parts.operators.logout(tokenOf(request));
    reply.header("set-cookie", `${COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`);
    return { ok: true };
  });
  server.get("/api/me", async (request) => withoutSecrets(await staff(parts, request)));
  server.get("/api/operators", async (request) => {
    await staff(parts, request, "admin");
    return { operators: await parts.operators.list() };
  });
  const Account = Type.Object(
    {
      id: Type.String({ pattern: "^[a-z][a-z0-9.-]{1,30}$" }),
      name: Type.String({ minLength: 1, maxLength: 80 }),
      roles: Type.Array(
        Type.Unsafe<(typeof OPERATOR_ROLES)[number]>({ type: "string", enum: [...OPERATOR_ROLES] }),
        { minItems: 1, maxItems: 5, uniqueItems: true },
      ),
      password: Type.String({ maxLength: 200 }),
    },
    closed,
  );
  server.post("/api/operators", async (request) => {
    const by = await staff(parts, request, "admin");
    return withoutSecrets(value(await parts.operators.create(body(request, Account), by.id)));
  });
}

function unitRoutes(server: FastifyInstance, parts: Parts): void {
  server.get("/api/units", async (request) => {
    await staff(parts, request);
    return { units: await parts.units.list(), broker: parts.link.isUp() };
  });
  server.post("/api/units/:unit/credential", async (request) => {
    const by = await staff(parts, request, "loader");
    const unit = idOf(request, "unit");
    if (!(await parts.units.deviceKey(unit))) throw centreFault("unitUnknown", { unit });
    const { credential, jws } = value(await parts.authorisations.credential(unit, by));
    const { toString: draw } = await import("qrcode");
    const svg = await draw(jws, { type: "svg", errorCorrectionLevel: "L", margin: 4 });
    return { credential, jws, svg };
  });
  const Release = Type.Object(
    { voucher: Id, challenge: Type.String({ pattern: "^[A-Za-z0-9_-]{22,64}$" }) },
    closed,
  );
  server.post("/api/units/:unit/release", async (request) => {
    const by = await staff(parts, request, "officer");
    const { voucher, challenge } = body(request, Release);
    const unit = idOf(request, "unit");
    const released = value(await parts.authorisations.release(unit, voucher, challenge, by));
    parts.units.settleRequest(unit, voucher);
    return released;
  });
  const Finding = Type.Object(
    {
      slot: Id,
      effect: Id,
      finding: Type.Unsafe<"taken" | "notMoved" | "removed">({
        type: "string",
        enum: ["taken", "notMoved", "removed"],
      }),
    },
    closed,
  );
  server.post("/api/units/:unit/settle", async (request) => {
    const by = await staff(parts, request, "officer");
    const unit = idOf(request, "unit");
    if (!(await parts.units.deviceKey(unit))) throw centreFault("unitUnknown", { unit });
    return value(await parts.authorisations.settle({ unit, ...body(request, Finding) }, by));
  });
}

/** Server-sent events: that something changed, never what it holds. Ends with the session. */
async function events(parts: Parts, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  await staff(parts, request);
  const token = tokenOf(request);
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  raw.write("retry: 1000\n\n");
  const off = parts.context.events.on("changed", (change) => {
    raw.write(`data: ${JSON.stringify(change)}\n\n`);
  });
  const beat = setInterval(async () => {
    const alive = await parts.operators.alive(token).catch(() => false);
    if (raw.writableEnded) return;
    if (alive) return void raw.write(":\n\n");
    // First: a word after the end would be an error.
    leave();
    raw.end();
  }, 15_000);
  const leave = (): void => {
    clearInterval(beat);
    off();
  };
  raw.on("error", () => raw.destroy());
  raw.on("close", leave);
}
