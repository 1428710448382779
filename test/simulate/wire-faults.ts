/** What a line can do to bytes. */
export const WIRE_FAULTS = [
  "requestLost",
  "requestGarbled",
  "requestTruncated",
  "noReply",
  "replyLate",
  "replyTwice",
  "replyGarbled",
  "replyTruncated",
  "replySplit",
  "replyAfterJunk",
  "replyOfOtherBoard",
  "echo",
] as const;
export type WireFault = (typeof WIRE_FAULTS)[number];
