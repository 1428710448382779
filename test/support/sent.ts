import { Socket } from "node:net";
import type { TestContext } from "../kit.ts";

/** Every frame of more than `longer` bytes whose head has `head`, as a socket of this process is given it to send. */
export function sentFrames(t: TestContext, longer: number, head: RegExp): Buffer[] {
  const sent: Buffer[] = [];
  const { write } = Socket.prototype;
  Socket.prototype.write = function (this: Socket, ...args: unknown[]) {
    const [bytes] = args;
    if (Buffer.isBuffer(bytes) && bytes.length > longer && head.test(bytes.toString("latin1", 0, 300)))
      sent.push(bytes);
    return write.apply(this, args as never);
  } as typeof write;
  t.after(async () => {
    Socket.prototype.write = write;
  });
  return sent;
}

export const isZero = (bytes: Uint8Array | undefined): boolean => bytes?.every((byte) => byte === 0) === true;
