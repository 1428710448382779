import { connect, type Socket } from "node:net";

/** Connects to a Unix socket that QEMU is about to make. */
export async function connectSoon(path: string, gone: Promise<unknown>): Promise<Socket> {
  let over = false;
  void gone.then(() => {
    over = true;
  });
  for (;;) {
    const socket = await new Promise<Socket | undefined>((resolve) => {
      const made = connect(path);
      made.once("connect", () => resolve(made));
      made.once("error", () => resolve(undefined));
    });
    if (socket) return socket;
    if (over) throw new Error("QEMU ended at once; its reason stands above");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Calls `onLine` for each line that comes. */
export function byLine(socket: Socket, onLine: (line: string) => void): void {
  let rest = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  socket.on("error", () => undefined);
}
