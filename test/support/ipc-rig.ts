import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectUnix, listenUnix } from "../../runtime/ipc/index.ts";
import type { TestContext } from "../kit.ts";

/**
 * A Unix socket that is listened on until the test ends. @param onSocket gives what is to be closed then
 * @returns how to connect to it
 */
export async function socketRig(
  t: Pick<TestContext, "after">,
  onSocket: (socket: Socket) => { close(): void },
): Promise<() => Promise<Socket>> {
  const folder = mkdtempSync(join(tmpdir(), "guichet-ipc-"));
  const path = join(folder, "s.sock");
  const ends: { close(): void }[] = [];
  const listener = await listenUnix(path, (socket) => ends.push(onSocket(socket)));
  t.after(() => {
    for (const end of ends) end.close();
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return async () => {
    const socket = await connectUnix(path, AbortSignal.timeout(5_000));
    if (!socket) throw new Error("nobody listens");
    t.after(() => socket.destroy());
    return socket;
  };
}
