import { REPLY_BYTES, REPLY_NAME, STICK_LIMITS } from "../limits.ts";
import { Refusal, type RefusalCode } from "../refusal.ts";
import type { BlockSource } from "./block.ts";
import { Chains } from "./chains.ts";
import { type Entry, Folders } from "./folder.ts";
import { findVolume } from "./partition.ts";
import { readVolume, type Volume } from "./volume.ts";

/** The largest piece of a file that is in memory at once: whole clusters, whatever their size. */
const PIECE = STICK_LIMITS.clusterBytes;
/** As the tool names bundles; the second is what is left of it where only eight and three are kept. */
const BUNDLE = /\.(kbundle|kbu)$/i;

/** Of a longer path the end is told. */
const LONGEST_PATH = 120;

/** A bundle on the stick, by its path. */
export interface Found {
  path: string;
  size: number;
  /** Its bytes, read once. @throws Refusal before the first one when its chain is not whole */
  pieces(): Iterable<Buffer>;
}

export interface Stick {
  bundles: Found[];
  /** Place of the file for the unit's answer, or why there is none that the unit may write into. */
  reply: { at: number } | { refused: RefusalCode; what: string };
}

/**
 * Opens a stick: finds its volume, the bundles on it and the place of the answer. Every limit is judged by what the
 * folders say before a file is read. @throws Refusal for whatever is wrong with all of it
 */
export function openStick(source: BlockSource): Stick {
  const volume = readVolume(source, findVolume(source));
  const chains = new Chains(source, volume);
  const folders = new Folders(source, volume, chains);
  const root = folders.root();
  const bundles: Found[] = [];
  let bytes = 0;
  const look = (entries: Entry[], above: string, depth: number): void => {
    for (const entry of entries) {
      const path = above + entry.name;
      if (!entry.folder && BUNDLE.test(entry.name)) {
        bytes += Math.min(entry.size, STICK_LIMITS.fileBytes);
        if (bundles.length >= STICK_LIMITS.files) throw new Refusal("tooMany", "files");
        if (bytes > STICK_LIMITS.allBytes) throw new Refusal("tooLarge", "all");
        bundles.push({
          path: path.slice(-LONGEST_PATH),
          size: entry.size,
          pieces: () => piecesOf(source, volume, chains, entry),
        });
      }
      if (entry.folder && depth < STICK_LIMITS.depth) look(folders.below(entry), `${path}/`, depth + 1);
    }
  };
  look(root, "", 1);
  return { bundles, reply: replyPlace(volume, chains, root) };
}

/** Each piece is overwritten by the next one. */
function* piecesOf(source: BlockSource, volume: Volume, chains: Chains, entry: Entry): Generator<Buffer> {
  if (entry.size > STICK_LIMITS.fileBytes) throw new Refusal("tooLarge", "file");
  const chain = chains.ofFile(entry.cluster, entry.size);
  const piece = Buffer.alloc(PIECE);
  let left = entry.size;
  for (let index = 0; index < chain.length; ) {
    let filled = 0;
    while (index < chain.length && filled + volume.clusterBytes <= PIECE) {
      const first = chain[index] as number;
      const most = (PIECE - filled) / volume.clusterBytes;
      let run = 1;
      while (run < most && chain[index + run] === first + run) run++;
      const length = Math.min(left, run * volume.clusterBytes);
      source.read(chains.placeOf(first), piece.subarray(filled, filled + length));
      filled += length;
      left -= length;
      index += run;
    }
    yield piece.subarray(0, filled);
  }
}

/** The unit writes only into a file that lies in one piece and has the one size: it changes no table and no folder. */
function replyPlace(volume: Volume, chains: Chains, root: readonly Entry[]): Stick["reply"] {
  const entry = root.find(({ name, folder }) => !folder && name.toUpperCase() === REPLY_NAME);
  if (!entry) return { refused: "reply", what: "absent" };
  if (entry.size !== REPLY_BYTES) return { refused: "reply", what: "size" };
  try {
    const chain = chains.ofFile(entry.cluster, entry.size);
    const first = chain[0] as number;
    if (chain.some((cluster, index) => cluster !== first + index))
      return { refused: "reply", what: "scattered" };
    return { at: volume.dataAt + (first - 2) * volume.clusterBytes };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === "gone") throw error;
    return { refused: "reply", what: error.code };
  }
}
