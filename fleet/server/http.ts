import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isFault } from "../../drivers/kit/index.ts";
import { type Asset, consoleAssets } from "../console/index.ts";
import { apiRoutes } from "./api.ts";
import type { Parts } from "./centre.ts";
import { centreFault, log } from "./faults.ts";
import type { Operator, OperatorRole } from "./operators.ts";

export const COOKIE = "guichet_console";

const STATUS: Record<string, number> = {
  "centre.notSignedIn": 401,
  "centre.badLogin": 401,
  "centre.locked": 423,
  "centre.tooMany": 429,
  "centre.foreignOrigin": 403,
  "centre.notAllowed": 403,
  "centre.samePerson": 403,
  "centre.notFound": 404,
  "centre.wrongState": 409,
  "centre.nameUsed": 409,
  "schema.invalid": 400,
};

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export function tokenOf(request: FastifyRequest): string | undefined {
  return /(?:^|;\s*)guichet_console=([\w-]{43})(?:;|$)/.exec(request.headers.cookie ?? "")?.[1];
}

/** Whether the page asks by itself, to draw anew: nobody need be before it, so that it does not prolong the session. */
const isUnattended = ({ headers, url }: FastifyRequest): boolean =>
  headers["guichet-unattended"] !== undefined || url === "/api/events";

/** Who is signed in. Throws `centre.notSignedIn`, or `centre.notAllowed` without one of the roles. */
export async function staff(
  parts: Parts,
  request: FastifyRequest,
  ...roles: OperatorRole[]
): Promise<Operator> {
  const operator = await parts.operators.session(tokenOf(request), isUnattended(request));
  if (!operator) throw centreFault("notSignedIn");
  if (roles.length > 0 && !roles.some((role) => operator.roles.includes(role)))
    throw centreFault("notAllowed", { role: roles[0] });
  return operator;
}

/**
 * A request that changes something must come from the console's own page: same Origin as Host, and JSON. With the
 * cookie's SameSite=Strict that is two locks against forged requests of other sites.
 */
function guardOrigin(request: FastifyRequest): void {
  if (request.method === "GET" || request.method === "HEAD") return;
  const { origin, host } = request.headers;
  if (!host || (origin !== `http://${host}` && origin !== `https://${host}`))
    throw centreFault("foreignOrigin");
}

/** The console's pages and the interface below `/api`. */
export async function startHttp(parts: Parts, port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const { default: fastify } = await import("fastify");
  const server: FastifyInstance = fastify({ bodyLimit: 65_536, logger: false, forceCloseConnections: true });
  // What a form of another site can send without asking first is not understood.
  server.removeContentTypeParser("text/plain");
  const assets = await consoleAssets();

  server.addHook("onRequest", async (request, reply) => {
    reply.headers(HEADERS);
    guardOrigin(request);
  });
  server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply: FastifyReply) => {
    if (isFault(error)) return reply.status(STATUS[error.code] ?? 400).send({ fault: error.toJSON() });
    const status = error.statusCode ?? 500;
    if (status >= 500) log("failed", { kind: "request" }, error);
    // the text of an unexpected error may hold anything
    return reply
      .status(status)
      .send({ fault: { code: "centre.failed", what: "The request failed", todo: "Reload" } });
  });
  server.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({ fault: centreFault("notFound").toJSON() }),
  );

  const serve = (asset: Asset) => (_request: FastifyRequest, reply: FastifyReply) =>
    reply.type(asset.type).send(asset.body);
  for (const [path, asset] of assets) server.get(path, serve(asset));
  server.get("/healthz", () => ({ ok: true, broker: parts.link.isUp() }));
  apiRoutes(server, parts);

  await server.listen({ port, host: "127.0.0.1" });
  const address = server.server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  return { url: `http://localhost:${bound}`, stop: () => server.close() };
}
