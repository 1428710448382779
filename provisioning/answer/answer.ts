import { createHmac } from "node:crypto";
import { type Static, Type } from "@sinclair/typebox";
import { err, type Fault, ok, parseJson, type Result, unb64u } from "../../drivers/kit/index.ts";
import {
  hasOwnId,
  PublicKeySchema,
  peekJws,
  type SigningKey,
  signatureFault,
  signJws,
  verifyJws,
} from "../../fleet/contract/index.ts";
import { bundleFault } from "../bundle/faults.ts";
import { REPLY_BYTES } from "../stick/limits.ts";

const closed = { additionalProperties: false };
const Name = Type.String({ pattern: "^[a-z0-9][a-z0-9-]{1,40}$" });

/** What a unit answers on a stick or over the link, signed with its own key. Nothing of a person is in it. */
export const AnswerSchema = Type.Object(
  {
    v: Type.Literal(1),
    /** Seconds since the epoch, by the unit's own clock. */
    iat: Type.Integer({ minimum: 0 }),
    /** Absent while the board has no name. */
    claim: Type.Optional(
      Type.Object({ unit: Name, site: Name, groups: Type.Array(Name, { maxItems: 16 }) }, closed),
    ),
    device: Type.String({ maxLength: 64 }),
    hardware: Type.String({ maxLength: 64 }),
    software: Type.String({ maxLength: 40 }),
    /** The unit's signing key; the answer proves that it holds it. */
    key: PublicKeySchema,
    /** Version of the key set that it believes. */
    keys: Type.Integer({ minimum: 1 }),
    counters: Type.Record(Type.String({ maxLength: 20 }), Type.Integer({ minimum: 0 })),
    /** Names the next destructive command that it will take. */
    nonce: Type.String({ pattern: "^[A-Za-z0-9_-]{22}$" }),
    /** Seconds since the epoch that have surely passed, when the centre has attested the time; by this dates are judged. */
    time: Type.Optional(Type.Integer({ minimum: 0 })),
    /** PKCS#10 in PEM, while the unit has a name and no certificate for its key. */
    request: Type.Optional(Type.String({ maxLength: 4_096 })),
    /** What became of each bundle: a code, `ok` when it was taken. */
    taken: Type.Array(
      Type.Object({ file: Type.String({ maxLength: 120 }), code: Type.String({ maxLength: 60 }) }, closed),
      { maxItems: 32 },
    ),
    /** What is missing for service, as codes. */
    missing: Type.Array(Type.String({ maxLength: 60 }), { maxItems: 64 }),
    /** What is built in and how it is; absent while the unit does not run. */
    devices: Type.Optional(
      Type.Array(
        Type.Object(
          {
            role: Type.String({ maxLength: 60 }),
            driver: Type.String({ maxLength: 60 }),
            state: Type.String({ maxLength: 20 }),
            /** As the device names itself. */
            model: Type.Optional(Type.String({ maxLength: 60 })),
          },
          closed,
        ),
        { maxItems: 64 },
      ),
    ),
    /** Codes of recent faults, the newest first. */
    faults: Type.Array(Type.String({ maxLength: 60 }), { maxItems: 32 }),
  },
  closed,
);
export type Answer = Static<typeof AnswerSchema>;

export const signAnswer = (answer: Answer, by: SigningKey): string =>
  signJws("guichet.answer.v1", answer, by);

/**
 * An answer whose signature fits the key that it names, which has its own id. Whether that key is the unit's is for its
 * reader to compare, by that id.
 */
export function readAnswer(jws: string): Result<Answer, Fault> {
  const claimed = peekJws(jws)?.payload as { key?: unknown } | undefined;
  const key = parseJson(PublicKeySchema, JSON.stringify(claimed?.key ?? null), "answer key");
  if (!key.ok) return err(bundleFault("noAnswer"));
  if (!hasOwnId(key.value)) return err(signatureFault("bad", { type: "guichet.answer.v1" }));
  return verifyJws("guichet.answer.v1", AnswerSchema, jws, [key.value]);
}

/**
 * The one nonce that a destructive command may name: only this unit can make it, and it changes with each command that
 * was taken, so that none works twice or elsewhere.
 */
export function nonceOf(key: SigningKey, commandCounter: number): string {
  const secret = unb64u(String(key.key.export({ format: "jwk" }).d));
  const mac = createHmac("sha256", secret).update(`guichet.nonce.v1.${commandCounter}`).digest();
  return mac.subarray(0, 16).toString("base64url");
}

export { REPLY_BYTES } from "../stick/limits.ts";

const REPLY_MAGIC = Buffer.from("GUICHET REPLY 1\n");

/** `REPLY.BIN` with an answer in it, or without one. Throws a RangeError when the answer does not fit. */
export function replyFile(jws = ""): Buffer {
  const file = Buffer.alloc(REPLY_BYTES);
  if (REPLY_MAGIC.length + 4 + jws.length > REPLY_BYTES) throw new RangeError("the answer is too long");
  REPLY_MAGIC.copy(file);
  file.writeUInt32BE(jws.length, REPLY_MAGIC.length);
  file.write(jws, REPLY_MAGIC.length + 4, "latin1");
  return file;
}

/** Whether these bytes are a `REPLY.BIN`, with an answer in it or without. */
export const isReplyFile = (file: Buffer): boolean =>
  file.length === REPLY_BYTES && file.subarray(0, REPLY_MAGIC.length).equals(REPLY_MAGIC);

/** @returns `bundle.noAnswer` when there is none, or not yet; else what `readAnswer` says */
export function readReplyFile(file: Buffer): Result<Answer, Fault> {
  const start = REPLY_MAGIC.length + 4;
  if (file.length < start || !file.subarray(0, REPLY_MAGIC.length).equals(REPLY_MAGIC))
    return err(bundleFault("noAnswer"));
  const length = file.readUInt32BE(REPLY_MAGIC.length);
  if (length === 0 || length > file.length - start) return err(bundleFault("noAnswer"));
  const answer = readAnswer(file.toString("latin1", start, start + length));
  return answer.ok ? ok(answer.value) : answer;
}
