import { framesOf } from "./oracle.ts";
import type { Subject } from "./parsers.ts";
import { chunksOf, decided, makeStream, Random, type Stream } from "./streams.ts";

export interface Tally {
  streams: number;
  bytes: number;
  /** Right frames in the streams, and those of them that were put behind the junk on purpose. */
  frames: number;
  intact: number;
  failures: { seed: number; what: string; stream: string }[];
}

const MAX_FAILURES = 5;

/** Runs streams until `until` says so. Stream n of a seed is the same whenever it is run. */
export function fuzz(subject: Subject, seed: number, until: (streams: number) => boolean): Tally {
  const tally: Tally = { streams: 0, bytes: 0, frames: 0, intact: 0, failures: [] };
  while (!until(tally.streams) && tally.failures.length < MAX_FAILURES) {
    const own = seed * 0x1000003 + tally.streams;
    const stream = makeStream(new Random(own), subject, subject.layout);
    tally.streams++;
    tally.bytes += stream.bytes.length;
    const wanted = expected(subject, stream);
    tally.frames += wanted.length;
    tally.intact += stream.intact;
    const what = compare(subject, stream, wanted);
    if (what) tally.failures.push({ seed: own, what, stream: shrink(subject, stream) });
  }
  return tally;
}

function expected(subject: Subject, { bytes }: Stream): string[] {
  if (subject.expect) return subject.expect(bytes);
  return framesOf(subject.layout, bytes).flatMap((frame) => subject.describe(frame.bytes) ?? []);
}

/** What a parser made of a stream that it should not have, undefined when it found exactly what is there. */
function compare(subject: Subject, stream: Stream, wanted: readonly string[]): string | undefined {
  const found: string[] = [];
  try {
    const push = subject.make();
    for (const chunk of chunksOf(stream)) found.push(...push(Uint8Array.from(chunk)));
  } catch (error) {
    return `crashed: ${error instanceof Error ? error.message : "no error"}`;
  }
  if (found.join() === wanted.join()) return falseAcknowledgements(subject, stream);
  const made = found.filter((frame) => !wanted.includes(frame)).length;
  return made > 0
    ? `made up ${made} frames that are not in the stream`
    : `found ${found.length} of ${wanted.length} frames`;
}

/** Within a right frame no byte acknowledges, whatever it is. */
function falseAcknowledgements({ acknowledges, layout }: Subject, stream: Stream): string | undefined {
  if (!acknowledges) return undefined;
  const push = acknowledges.make();
  let found = 0;
  for (const chunk of chunksOf(stream)) found += push(Uint8Array.from(chunk));
  let outside = 0;
  let at = 0;
  const count = (to: number) => {
    for (; at < to; at++) if (stream.bytes[at] === acknowledges.byte) outside++;
  };
  for (const frame of framesOf(layout, stream.bytes)) {
    count(frame.at);
    at = frame.at + frame.bytes.length;
  }
  count(stream.bytes.length);
  return found > outside ? `took ${found - outside} bytes inside of frames for acknowledgements` : undefined;
}

/** The shortest stream by leaving bytes out that still goes wrong, as hex. */
function shrink(subject: Subject, stream: Stream): string {
  const { longest, tail = [] } = subject.layout;
  const end = stream.bytes.length - longest - tail.length;
  let kept = [...stream.bytes.subarray(0, end)];
  const wrong = (bytes: number[]) => {
    const cut: Stream = { bytes: decided(bytes, subject.layout), intact: 0, cuts: [] };
    return compare(subject, cut, expected(subject, cut)) !== undefined;
  };
  for (let size = kept.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= kept.length; ) {
      const shorter = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (wrong(shorter)) kept = shorter;
      else at += size;
    }
  }
  return Buffer.from(kept).toString("hex");
}

/**
 * Growth of memory while one parser is given `megabytes` of junk and never a frame, bytes. Needs `--expose-gc` to be exact.
 */
export function growth(subject: Subject, seed: number, megabytes: number): number {
  const random = new Random(seed);
  const push = subject.make();
  const used = () => {
    global.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  for (let i = 0; i < megabytes * 4_096; i++) {
    const junk = random.below(2)
      ? random.bytes(256)
      : Array.from({ length: 256 }, () => random.pick(subject.alphabet));
    push(Uint8Array.from(junk));
  }
  const grown = used() - before;
  // Keeps the parser alive until it was measured.
  push(new Uint8Array(1));
  return Math.max(0, grown);
}
