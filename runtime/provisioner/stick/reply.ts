import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { type Fault, isFault } from "../../../drivers/kit/index.ts";
import { isReplyFile, REPLY_BYTES } from "../../../provisioning/answer/index.ts";
import { stickFault } from "../../../provisioning/stick/index.ts";

/**
 * Writes the unit's answer over the file that the tool has laid out, at its place on the device, and waits until the
 * stick has it. Only what is such a file already is written over, whatever the reader has said about its place.
 * @returns why it was not written
 */
export async function writeReply(device: string, at: number, reply: Buffer): Promise<Fault | undefined> {
  try {
    const handle = await open(device, constants.O_RDWR);
    try {
      const there = Buffer.alloc(REPLY_BYTES);
      const { bytesRead } = await handle.read(there, 0, there.length, at);
      if (bytesRead !== REPLY_BYTES || !isReplyFile(there)) return stickFault("reply", { what: "content" });
      await handle.write(reply, 0, REPLY_BYTES, at);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return undefined;
  } catch (error) {
    if (isFault(error)) return error;
    return stickFault("notAnswered", { what: (error as NodeJS.ErrnoException).code }, error);
  }
}
