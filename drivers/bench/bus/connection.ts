import { connect, type Socket } from "node:net";
import { type BusCall, type BusMessage, byLine, type Chip } from "./protocol.ts";

type Answer = Extract<BusMessage, { id: number }>;

/** An error as a system call gives it. */
export function systemError(code: string, what: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/** One connection to the bench: calls, and levels that are kept up to date. */
export class BusConnection {
  readonly chips: readonly Chip[];
  readonly sysfsRoot: string;
  readonly #socket: Socket;
  readonly #levels: Map<number, 0 | 1>;
  readonly #edges = new Set<(line: number, level: 0 | 1) => void>();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #nextId = 1;

  private constructor(socket: Socket, hello: Extract<BusMessage, { hello: unknown }>["hello"]) {
    this.#socket = socket;
    this.chips = hello.chips;
    this.sysfsRoot = hello.sysfsRoot;
    this.#levels = new Map(Object.entries(hello.levels).map(([line, level]) => [Number(line), level]));
  }

  /** Resolves after the bench's greeting. Rejects when nobody listens at `path`. */
  static open(path: string): Promise<BusConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      let made: BusConnection | undefined;
      socket.setEncoding("utf8");
      socket.on("error", reject);
      socket.on("close", () => {
        reject(systemError("ECONNRESET", "the bench went away"));
        made?.closed();
      });
      socket.on(
        "data",
        byLine((line) => {
          const message = JSON.parse(line) as BusMessage;
          if ("hello" in message) {
            made = new BusConnection(socket, message.hello);
            resolve(made);
          } else made?.heard(message);
        }),
      );
    });
  }

  level(line: number): 0 | 1 {
    return this.#levels.get(line) ?? 0;
  }

  onEdge(listener: (line: number, level: 0 | 1) => void): () => void {
    this.#edges.add(listener);
    return () => this.#edges.delete(listener);
  }

  /** Rejects with an error whose `code` is that of the system call which it stands for. */
  async call(request: BusCall): Promise<Answer> {
    if (this.#socket.destroyed) throw systemError("EIO", "the bench is away");
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`);
    });
    if (answer.error) throw systemError(answer.error, request.op);
    return answer;
  }

  /** Does not keep the process alive. */
  unref(): void {
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  private heard(message: Exclude<BusMessage, { hello: unknown }>): void {
    if ("edge" in message) {
      const { line, level } = message.edge;
      this.#levels.set(line, level);
      for (const listener of [...this.#edges]) listener(line, level);
      return;
    }
    this.#waiting.get(message.id)?.(message);
    this.#waiting.delete(message.id);
  }

  private closed(): void {
    for (const [id, settle] of this.#waiting) settle({ id, error: "EIO" });
    this.#waiting.clear();
  }
}
