import { Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { PacketContent } from "../contract/index.ts";
import { body, idOf, value } from "./api.ts";
import { audit } from "./audit.ts";
import { drawCapture } from "./captures.ts";
import type { Parts } from "./centre.ts";
import { centreFault } from "./faults.ts";
import { staff } from "./http.ts";

/** All but the last two characters hidden; short values wholly. */
export const mask = (text: string): string =>
  text.length <= 3
    ? "•".repeat(text.length)
    : `${"•".repeat(Math.min(text.length - 2, 12))}${text.slice(-2)}`;

function shown(content: PacketContent, unmasked: boolean) {
  const show = (given: unknown) => {
    const text = typeof given === "string" ? given : JSON.stringify(given);
    return unmasked ? text : mask(text);
  };
  const fields = (from: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(from).map(([name, given]) => [name, show(given)]));
  const { number, dateOfBirth, way } = content.identity;
  return {
    unmasked,
    sid: content.sid,
    unit: content.unit,
    reference: content.reference,
    at: content.at,
    language: content.language,
    identity: { way, ...fields({ ...(number && { number }), ...(dateOfBirth && { dateOfBirth }) }) },
    applications: content.applications.map(({ service, fields: given }) => ({
      service,
      fields: fields(given),
    })),
    captures: content.captures.map(({ part, kind, position, quality }) => ({
      part,
      kind,
      position,
      quality,
    })),
  };
}

/** Submissions and the documents that come of them. Opening and unmasking are written to the audit log. */
export function submissionRoutes(server: FastifyInstance, parts: Parts): void {
  const { context, packets, applications } = parts;
  const open = async (request: FastifyRequest, act: string) => {
    const by = await staff(parts, request, "approver", "officer");
    const sid = idOf(request, "sid");
    const packet = value(await packets.open(sid));
    await context.db.tx((tx) => audit(tx, context, by.id, act, sid));
    return packet;
  };

  server.get("/api/submissions", async (request) => {
    await staff(parts, request);
    return { submissions: await parts.submissions.list() };
  });
  server.post("/api/submissions/:sid/open", async (request) => ({
    ...shown((await open(request, "submission.open")).content, false),
    documents: await applications.ofSubmission(idOf(request, "sid")),
  }));
  server.post("/api/submissions/:sid/unmask", async (request) => ({
    ...shown((await open(request, "submission.unmask")).content, true),
    documents: await applications.ofSubmission(idOf(request, "sid")),
  }));
  server.get("/api/submissions/:sid/captures/:part", async (request, reply) => {
    const part = idOf(request, "part");
    const { content, parts: binary } = await open(request, `submission.capture.${part}`.slice(0, 60));
    const capture = content.captures.find((one) => one.part === part);
    const bytes = binary.get(part);
    if (!capture || !bytes || capture.kind === "fingerTemplate") throw centreFault("notFound");
    const picture = await drawCapture(capture, bytes);
    if (!picture) throw centreFault("packetDamaged", { sid: content.sid });
    return reply.type(picture.type).send(picture.bytes);
  });

  server.get("/api/applications", async (request) => {
    await staff(parts, request);
    return { applications: await applications.list() };
  });
  server.post("/api/applications/:id/approve", async (request) => {
    const by = await staff(parts, request, "approver");
    return value(await applications.approve(idOf(request), by));
  });
  const Reason = Type.Object(
    { reason: Type.String({ pattern: "^[a-zA-Z]{2,40}$" }) },
    { additionalProperties: false },
  );
  server.post("/api/applications/:id/refuse", async (request) => {
    const by = await staff(parts, request, "approver");
    return value(await applications.refuse(idOf(request), body(request, Reason).reason, by));
  });
  const Unit = Type.Object(
    { unit: Type.String({ pattern: "^[a-z0-9-]{2,31}$" }) },
    { additionalProperties: false },
  );
  server.post("/api/applications/:id/assign", async (request) => {
    const by = await staff(parts, request, "assigner");
    return value(await applications.assign(idOf(request), body(request, Unit).unit, by));
  });
  server.post("/api/applications/:id/renew", async (request) => {
    const by = await staff(parts, request, "assigner");
    return value(await applications.renew(idOf(request), by));
  });
}
