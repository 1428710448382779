import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { unb64u } from "../../drivers/kit/index.ts";
import { body, idOf, value } from "./api.ts";
import type { Parts } from "./centre.ts";
import { staff } from "./http.ts";

const closed = { additionalProperties: false };

/** First certificates: which boards are listed, which have asked, and what they are answered. */
export function claimRoutes(server: FastifyInstance, parts: Parts): void {
  server.get("/api/claims", async (request) => {
    await staff(parts, request, "admin");
    return { claims: await parts.claims.list() };
  });
  const Entry = Type.Object(
    {
      device: Type.String({ pattern: "^[A-Za-z0-9._-]{1,58}$" }),
      unit: Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,30}$" }),
      services: Type.Array(Type.String({ maxLength: 40 }), { maxItems: 20 }),
    },
    closed,
  );
  server.post("/api/claims", async (request) => {
    const by = await staff(parts, request, "admin");
    await parts.claims.enter(body(request, Entry), by.id);
    return { ok: true };
  });
  const Approval = Type.Object({ key: Type.String({ maxLength: 64 }) }, closed);
  server.post("/api/claims/:device/approve", async (request) => {
    const by = await staff(parts, request, "admin");
    const { key } = body(request, Approval);
    return value(await parts.claims.approve(idOf(request, "device"), key, by.id));
  });
  const Answer = Type.Object({ bundle: Type.String({ pattern: "^[A-Za-z0-9_-]*$" }) }, closed);
  server.post("/api/claims/:device/answer", async (request) => {
    const by = await staff(parts, request, "admin");
    const { bundle } = body(request, Answer);
    value(await parts.claims.answer(idOf(request, "device"), unb64u(bundle), by.id));
    return { ok: true };
  });
}
