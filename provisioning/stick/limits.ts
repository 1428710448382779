const MIB = 1024 * 1024;

/** What is taken of one stick at most, and of a folder at once; judged before anything of it is read. */
export const STICK_LIMITS = {
  /** Bundles. */
  files: 16,
  /** One bundle; all kinds but software, which units do not install from bundles, are smaller. */
  fileBytes: 16 * MIB,
  allBytes: 32 * MIB,
  /** Slots of 32 bytes in all folders together. */
  entries: 32_768,
  /** Folders within folders, the root being the first. */
  depth: 3,
  /** Clusters of everything that is read. */
  clusters: 1 << 17,
  clusterBytes: 64 * 1024,
  /** The reader's whole time, ms, and its peak memory with Node in it, bytes. */
  timeMs: 5_000,
  memoryBytes: 64 * MIB,
} as const;

/** The unit's answer: its name in the root folder and its size, laid out by the tool, never grown. */
export const REPLY_NAME = "REPLY.BIN";
export const REPLY_BYTES = 64 * 1024;
