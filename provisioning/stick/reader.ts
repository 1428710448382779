import { type BlockSource, openStick } from "./fat/index.ts";
import { FRAME, frameHead, type Message } from "./frames.ts";
import { Refusal } from "./refusal.ts";

/** Reads a stick once and says what is on it. Nothing but `source` and `write` is touched. */
export function readInto(source: BlockSource, write: (bytes: Uint8Array) => void): void {
  /** `bytes` may be overwritten as soon as it is written. */
  const frame = (kind: number, bytes: Uint8Array) => {
    write(frameHead(kind, bytes.length));
    write(bytes);
  };
  const say = (message: Message) => frame(FRAME.message, Buffer.from(JSON.stringify(message)));
  /** Of a stick that is gone nothing more can be read. */
  const tell = (job: () => void): boolean => {
    try {
      job();
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      say({ say: "refused", code: error.code, what: error.what });
      return error.code !== "gone";
    }
  };
  tell(() => {
    const { bundles, reply } = openStick(source);
    say(
      "at" in reply
        ? { say: "reply", at: reply.at }
        : { say: "noReply", code: reply.refused, what: reply.what },
    );
    for (const { path, size, pieces } of bundles) {
      say({ say: "file", path, size });
      const there = tell(() => {
        for (const piece of pieces()) frame(FRAME.data, piece);
        say({ say: "done" });
      });
      if (!there) return;
    }
  });
  say({ say: "end" });
}
