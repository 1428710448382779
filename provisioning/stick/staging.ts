import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type Static, Type } from "@sinclair/typebox";
import { err, type Fault, parseJson } from "../../drivers/kit/index.ts";
import { diskFault, type StateDisk } from "../activate/disk.ts";
import type { Given, Report } from "../activate/select.ts";
import { fileSource } from "../bundle/source.ts";
import { stickFault } from "./faults.ts";
import { FRAME, FRAME_HEAD, FRAME_LIMITS } from "./frames.ts";
import { STICK_LIMITS } from "./limits.ts";
import { REFUSALS } from "./refusal.ts";

const closed = { additionalProperties: false };
const Why = {
  code: Type.Unsafe<(typeof REFUSALS)[number]>({ type: "string", enum: [...REFUSALS] }),
  what: Type.String({ maxLength: 40 }),
};
const Place = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const MessageSchema = Type.Union([
  Type.Object({ say: Type.Literal("file"), path: Type.String({ maxLength: 120 }), size: Place }, closed),
  Type.Object({ say: Type.Literal("done") }, closed),
  Type.Object({ say: Type.Literal("refused"), ...Why }, closed),
  Type.Object({ say: Type.Literal("reply"), at: Place }, closed),
  Type.Object({ say: Type.Literal("noReply"), ...Why }, closed),
  Type.Object({ say: Type.Literal("end") }, closed),
]);
type Said = Static<typeof MessageSchema>;

/** What came from a stick: private copies, and why the rest was not copied. */
export interface Staged {
  given: Given[];
  refused: Report[];
  /** Why the stick as a whole was not read to its end. */
  whole: Fault | undefined;
  /** Where the answer may be written. */
  reply: { at: number } | Fault;
  /** Lets go of the copies and removes them. */
  discard(): Promise<void>;
}

/** Parts of a file's name that are no words: a stick does not choose what a terminal or a log shows. */
const plain = (path: string): string => path.replace(/[^\p{L}\p{N} ._/()+~-]/gu, "?");

/**
 * Takes what a reader says and copies it into `folder`, each bundle once, under the caps. What it says is judged as if the
 * stick itself said it. Never rejects for what a stick, a reader or a full disk can do.
 */
export async function stage(
  said: AsyncIterable<Uint8Array>,
  folder: string,
  disk: StateDisk,
): Promise<Staged> {
  const handles: FileHandle[] = [];
  const staged: Staged = {
    given: [],
    refused: [],
    whole: undefined,
    reply: stickFault("reply", { what: "absent" }),
    discard: async () => {
      for (const handle of handles.splice(0)) await handle.close();
      await disk.remove(folder);
    },
  };
  const frames = framesOf(said);
  const next = async (): Promise<Said | Buffer> => {
    const { value, done } = await frames.next();
    if (done) throw stickFault("broken", { what: "ended" });
    return value;
  };
  let bytes = 0;
  const copy = async (path: string, size: number): Promise<void> => {
    const count = staged.given.length + staged.refused.length;
    bytes += Math.min(size, STICK_LIMITS.fileBytes);
    if (count >= STICK_LIMITS.files || bytes > STICK_LIMITS.allBytes)
      throw stickFault("broken", { what: "limit" });
    const target = join(folder, `${count}.kbundle`);
    let why: Fault | undefined;
    const pieces = async function* () {
      for (let left = Math.min(size, STICK_LIMITS.fileBytes); ; ) {
        const one = await next();
        if (Buffer.isBuffer(one)) {
          left -= one.length;
          if (left < 0) throw stickFault("broken", { what: "longer" });
          yield one;
        } else if (one.say === "done" && left === 0 && size <= STICK_LIMITS.fileBytes) return;
        else if (one.say === "refused") {
          why = stickFault(one.code, { what: one.what });
          return;
        } else throw stickFault("broken", { what: "order" });
      }
    };
    await disk.file(target, pieces());
    if (why) {
      await disk.remove(target);
      staged.refused.push({ file: plain(path), kind: undefined, result: err(why) });
      // Of a stick that was not read to its end nothing is taken: the rest may be what the first part needs.
      if (why.code === "stick.gone") staged.whole = why;
      return;
    }
    const handle = await open(target, "r");
    handles.push(handle);
    staged.given.push({ file: plain(path), source: await fileSource(handle) });
  };
  try {
    await disk.remove(folder);
    await disk.folder(folder);
    for (;;) {
      const one = await next();
      if (Buffer.isBuffer(one)) throw stickFault("broken", { what: "order" });
      if (one.say === "end") break;
      if (one.say === "file") await copy(one.path, one.size);
      else if (one.say === "reply") staged.reply = { at: one.at };
      else if (one.say === "noReply") staged.reply = stickFault(one.code, { what: one.what });
      else if (one.say === "refused") staged.whole = stickFault(one.code, { what: one.what });
      else throw stickFault("broken", { what: "order" });
    }
  } catch (error) {
    staged.whole = diskFault(error);
  }
  return staged;
}

async function* framesOf(said: AsyncIterable<Uint8Array>): AsyncGenerator<Said | Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunksOf(said)) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < FRAME_HEAD) break;
      const [kind, length] = [rest.readUInt8(0), rest.readUInt32BE(1)];
      const limit =
        kind === FRAME.message ? FRAME_LIMITS.message : kind === FRAME.data ? FRAME_LIMITS.data : -1;
      if (length > limit) throw stickFault("broken", { what: "frame" });
      if (rest.length < FRAME_HEAD + length) break;
      const content = rest.subarray(FRAME_HEAD, FRAME_HEAD + length);
      rest = rest.subarray(FRAME_HEAD + length);
      if (kind === FRAME.data) {
        yield content;
        continue;
      }
      const message = parseJson(MessageSchema, content.toString("utf8"), "reader");
      if (!message.ok) throw stickFault("broken", { what: "message" }, message.error);
      yield message.value as Said;
    }
  }
}

/** That the connection to the reader broke is the reader's end, whatever the system calls it. */
async function* chunksOf(said: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* said;
  } catch (error) {
    throw stickFault("broken", { what: "stream" }, error);
  }
}
