import type { Socket } from "node:net";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { check, err, Fault, isFault, ok, parseJson, type Result } from "../../drivers/kit/index.ts";
import { ipcFault, log } from "./faults.ts";
import { encodeFrame, FrameReader } from "./frame.ts";
import type { Events, Method, Methods } from "./messages.ts";

/** Questions of one peer that are under way at once, with those whose answers have not left. */
const MAX_OPEN = 64;
/** Bytes of answers that have not left: while there are more, no further question is begun. */
const MAX_UNSENT = 8 * 1024 * 1024;
/** Bytes of questions that are under way or wait: more than `MAX_OPEN` of them and one read of a socket can come to. */
const MAX_ASKED = 32 * 1024 * 1024;
/** A question costs so many bytes beside those of its head. */
const OVERHEAD = 512;

const HeadSchema = Type.Object({
  /** q(uestion), a(nswer), f(ault), e(vent). */
  t: Type.Unsafe<"q" | "a" | "f" | "e">({ type: "string", enum: ["q", "a", "f", "e"] }),
  id: Type.Optional(Type.Integer({ minimum: 0 })),
  name: Type.Optional(Type.String({ maxLength: 40 })),
  body: Type.Optional(Type.Unknown()),
});

const FaultSchema = Type.Object({
  code: Type.String({ maxLength: 80 }),
  what: Type.String({ maxLength: 300 }),
  todo: Type.String({ maxLength: 300 }),
  remedy: Type.String({ maxLength: 20 }),
  fields: Type.Record(
    Type.String({ maxLength: 40 }),
    Type.Union([Type.String({ maxLength: 300 }), Type.Number(), Type.Boolean(), Type.Null()]),
  ),
});

export interface Answer<T> {
  body: T;
  parts: Uint8Array[];
  /** The parts are of a person: they are overwritten once they are sent, and so is what the socket held. */
  personal?: true;
}

export type Handlers<M extends Methods> = {
  [K in keyof M]: (body: Static<M[K]["request"]>) => Promise<Result<Answer<Static<M[K]["answer"]>>>>;
};

interface Question {
  id: number;
  name: string;
  body: unknown;
  /** What it costs to keep it. */
  bytes: number;
}

/** Methods that are loaded when somebody asks for one; undefined for a name that is not there either. */
export type MoreMethods = (
  name: string,
) => Promise<{ method: Method; handler(body: unknown): Promise<Result<Answer<unknown>>> } | undefined>;

type EventListener<E extends Events, K extends keyof E> = (body: Static<E[K]>, parts: Uint8Array[]) => void;

/**
 * One end of a connection between two processes. Serves `local` methods and calls `remote` ones; every head is
 * schema-checked on arrival, and a peer that sends nonsense is disconnected.
 *
 * A peer that asks and asks, or does not read, costs no more than `MAX_OPEN` questions and `MAX_UNSENT` bytes: what comes on
 * top waits, and its socket is not read. While an answer is awaited from it, it is read and its questions are begun all the
 * same, since it may need one to answer; only `MAX_ASKED` ends the connection then. So two honest ends never wait for each
 * other: where one does not read, it awaits nothing, and the other has asked and was not answered, so that it reads.
 */
export class Peer<Remote extends Methods, In extends Events, Out extends Events> {
  readonly #socket: Socket;
  readonly #remote: Remote;
  readonly #incoming: In;
  readonly #handlers: Partial<Handlers<Methods>>;
  readonly #local: Methods;
  readonly #more: MoreMethods | undefined;
  readonly #waiting = new Map<number, { method: string; settle(answer: Result<Answer<unknown>>): void }>();
  readonly #listeners = new Map<string, Set<(body: never, parts: Uint8Array[]) => void>>();
  #nextId = 0;
  readonly #reader: FrameReader;
  /** Questions that wait to be served, oldest first. */
  readonly #queued: Question[] = [];
  #asked = 0;
  #open = 0;
  #unsent = 0;
  readonly closed: Promise<void>;

  constructor(
    socket: Socket,
    options: {
      remote: Remote;
      incoming: In;
      local?: Methods;
      handlers?: Partial<Handlers<Methods>>;
      more?: MoreMethods;
    },
  ) {
    this.#socket = socket;
    this.#remote = options.remote;
    this.#incoming = options.incoming;
    this.#local = options.local ?? {};
    this.#handlers = options.handlers ?? {};
    this.#more = options.more;
    // Parts come with answers and events only; who awaits neither keeps no more than a head.
    const awaits = Object.keys(options.remote).length + Object.keys(options.incoming).length > 0;
    this.#reader = new FrameReader((head, parts) => this.#receive(head, parts), awaits ? undefined : 0);
    socket.on("data", (chunk: Buffer) => {
      if (!this.#reader.push(chunk)) this.#reject("frame");
    });
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const waiting of this.#waiting.values())
          waiting.settle(err(ipcFault("gone", { method: waiting.method })));
        this.#waiting.clear();
        resolve();
      });
    });
  }

  get connected(): boolean {
    return !this.#socket.destroyed;
  }

  /**
   * Asks and waits for the one answer. Settles with `ipc.gone` when the connection ends first; rejects with RangeError for
   * a question that is too long for a frame, and with nothing else.
   */
  call<K extends keyof Remote & string>(
    method: K,
    body: Static<Remote[K]["request"]>,
  ): Promise<Result<Answer<Static<Remote[K]["answer"]>>>> {
    if (this.#socket.destroyed) return Promise.resolve(err(ipcFault("gone", { method })));
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const frame = encodeFrame({ t: "q", id, name: method, body }, []);
      this.#waiting.set(id, {
        method,
        settle: (answer) => resolve(answer as Result<Answer<Static<Remote[K]["answer"]>>>),
      });
      this.#socket.write(frame);
      this.#balance();
    });
  }

  /** Says something that nobody has asked for. Dropped when the peer does not read (more than 8 MiB waiting). */
  emit<K extends keyof Out & string>(name: K, body: Static<Out[K]>, parts: Uint8Array[] = []): void {
    if (this.#socket.destroyed || this.#socket.writableLength > 8 * 1024 * 1024) return;
    try {
      this.#socket.write(encodeFrame({ t: "e", name, body }, parts));
    } catch (error) {
      log("unsendable", { name }, error);
    }
  }

  on<K extends keyof In & string>(name: K, listener: EventListener<In, K>): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener as (body: never, parts: Uint8Array[]) => void);
    return () => set.delete(listener as (body: never, parts: Uint8Array[]) => void);
  }

  close(): void {
    this.#reader.end();
    this.#queued.length = 0;
    this.#socket.destroy();
  }

  #reject(at: string): void {
    log("badFrame", { at });
    this.close();
  }

  #receive(headText: string, parts: Uint8Array[]): void {
    const head = parseJson(HeadSchema, headText, "ipc head");
    if (!head.ok) return this.#reject("head");
    const { t, id, name, body } = head.value;
    if (t === "e" && name !== undefined) return this.#event(name, body, parts);
    if (id === undefined) return this.#reject("id");
    if (t === "q" && name !== undefined)
      return this.#question({ id, name, body, bytes: headText.length + OVERHEAD });
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    this.#balance();
    if (t === "f") return waiting.settle(err(faultFromJson(body)));
    const method = this.#remote[waiting.method];
    const answer = method ? check(method.answer, body, waiting.method) : err(ipcFault("unknownMethod"));
    waiting.settle(answer.ok ? ok({ body: answer.value, parts }) : answer);
  }

  #event(name: string, body: unknown, parts: Uint8Array[]): void {
    // Own names only: one like "toString" would find a function, and throw outside of any handler.
    const schema: TSchema | undefined = Object.hasOwn(this.#incoming, name)
      ? this.#incoming[name]
      : undefined;
    const checked = schema && check(schema, body, name);
    if (!checked?.ok) return this.#reject(`event ${name}`);
    for (const listener of this.#listeners.get(name) ?? []) listener(checked.value as never, parts);
  }

  #question(question: Question): void {
    this.#queued.push(question);
    this.#asked += question.bytes;
    this.#balance();
    if (this.#asked <= MAX_ASKED) return;
    log("flood", {});
    this.close();
  }

  /** Begins as many of the questions that wait as may be under way, and reads on when none is left. */
  #balance(): void {
    const awaits = this.#waiting.size > 0;
    while ((awaits || this.#open < MAX_OPEN) && this.#unsent <= MAX_UNSENT) {
      const question = this.#queued.shift();
      if (!question) break;
      this.#open++;
      void this.#serve(question);
    }
    if (this.#queued.length > 0 && !awaits) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  async #serve({ id, name, body, bytes }: Question): Promise<void> {
    const answer = await this.#answer(name, body);
    const personal = answer.ok && answer.value.personal === true;
    const frame = this.#framed(id, name, answer);
    if (personal) for (const part of answer.value.parts) part.fill(0);
    if (this.#socket.destroyed) return void (personal && frame.fill(0));
    this.#unsent += frame.length;
    // Under way until its answer has left: who does not read is served no more. A frame is a copy, and the socket holds it
    // until it is out, or until the connection ends.
    this.#socket.write(frame, () => {
      if (personal) frame.fill(0);
      this.#open--;
      this.#asked -= bytes;
      this.#unsent -= frame.length;
      if (!this.#socket.destroyed) this.#balance();
    });
  }

  #framed(id: number, name: string, answer: Result<Answer<unknown>>): Buffer {
    try {
      return answer.ok
        ? encodeFrame({ t: "a", id, body: answer.value.body }, answer.value.parts)
        : encodeFrame({ t: "f", id, body: answer.error.toJSON() }, []);
    } catch (error) {
      log("unsendable", { name }, error);
      return encodeFrame({ t: "f", id, body: ipcFault("internal", { method: name }).toJSON() }, []);
    }
  }

  async #answer(name: string, body: unknown): Promise<Result<Answer<unknown>>> {
    let method = Object.hasOwn(this.#local, name) ? this.#local[name] : undefined;
    let handler = Object.hasOwn(this.#handlers, name) ? this.#handlers[name] : undefined;
    try {
      if (!method || !handler) ({ method, handler } = (await this.#more?.(name)) ?? {});
      if (!method || !handler) return err(ipcFault("unknownMethod"));
      const request = check(method.request, body, name);
      return request.ok ? await handler(request.value) : request;
    } catch (error) {
      if (isFault(error)) return err(error);
      log("handlerFailed", { method: name }, error);
      return err(ipcFault("internal", { method: name }));
    }
  }
}

/** A fault as it came over the wire: shape-checked, its words kept. */
export function faultFromJson(body: unknown): Fault {
  const checked = check(FaultSchema, body, "fault");
  if (!checked.ok) return ipcFault("badFrame");
  const { code, what, todo, remedy, fields } = checked.value;
  return new Fault(code, { what, todo, remedy: remedy as Fault["row"]["remedy"], cause: "software" }, fields);
}
