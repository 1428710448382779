import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, defineEvents, type Fault, isFault, Mutex } from "../../../drivers/kit/index.ts";
import { diskFault, type Report, StateDisk } from "../../../provisioning/activate/index.ts";
import {
  noticeFor,
  STICK_NOTICE,
  type Staged,
  type StickNotice,
  stickFault,
} from "../../../provisioning/stick/index.ts";
import type { Agent } from "../agent.ts";
import { readStick, type StartReader } from "./reader.ts";
import { writeReply } from "./reply.ts";

const log = defineEvents("stick", {
  plugged: { level: "info", what: "A stick is in the service port", fields: [] },
  done: {
    level: "info",
    what: "A stick was read, and the screen says what became of it",
    fields: ["state", "code"],
  },
  refused: { level: "warn", what: "A stick, or a file on it, was not read", fields: [] },
  notAnswered: { level: "warn", what: "The unit's answer is not on the stick", fields: [] },
  unplugged: { level: "info", what: "The stick was taken out", fields: [] },
});

export interface StickPortOptions {
  state: string;
  agent: Pick<Agent, "takeCopies" | "reply" | "asks">;
  start: StartReader;
  clock: Clock;
  /** Told with everything that the screen tells; undefined when there is nothing to tell any more. */
  signal?: (notice: StickNotice | undefined) => void;
  disk?: StateDisk;
}

/** So long a word about a stick that is out already stays on the screen, ms. */
const LINGER_MS = 30_000;

/**
 * One port for sticks. What is plugged in is copied once, judged and activated from the copy by the same code as all
 * bundles, answered into its `REPLY.BIN`, and told on the screen. One stick at a time.
 */
export class StickPort {
  readonly #options: StickPortOptions;
  readonly #disk: StateDisk;
  readonly #mutex = new Mutex();
  /** Changes with each stick that goes in or out. */
  #turn = 0;
  #in = false;
  #working = false;

  constructor(options: StickPortOptions) {
    this.#options = options;
    this.#disk = options.disk ?? new StateDisk();
  }

  /** To be awaited before the first stick: what a cut has left is no news any more. */
  async clear(): Promise<void> {
    await this.#disk.remove(this.#staging);
    await this.#tell(undefined);
  }

  /** Reads the stick at this device or image. @returns what the screen says of it */
  plugged(device: string): Promise<StickNotice> {
    const turn = ++this.#turn;
    this.#in = true;
    return this.#mutex.run(async () => {
      this.#working = true;
      log("plugged");
      await this.#tell({ v: 1, state: "reading" });
      // Whatever goes wrong in the unit itself, the person at the port is not left waiting.
      const notice = await this.#work(device).catch((error: unknown) => this.#refuse(faultOf(error)));
      this.#working = false;
      await this.#tell(notice);
      log("done", { state: notice.state, code: notice.code });
      if (!this.#in && turn === this.#turn - 1) void this.#linger();
      return notice;
    });
  }

  /** The stick is out. What it said stays a while when nobody can have read it yet. */
  async unplugged(): Promise<void> {
    if (!this.#in) return;
    this.#turn++;
    this.#in = false;
    log("unplugged");
    if (!this.#working) await this.#tell(undefined);
  }

  async #linger(): Promise<void> {
    const turn = this.#turn;
    await this.#options.clock.sleep(LINGER_MS);
    if (turn === this.#turn) await this.#tell(undefined);
  }

  async #work(device: string): Promise<StickNotice> {
    const { start, clock, agent } = this.#options;
    const read = await readStick(device, { start, folder: this.#staging, disk: this.#disk, clock });
    if (!read.ok) return this.#refuse(read.error);
    const staged = read.value;
    try {
      if (staged.whole) return this.#refuse(staged.whole);
      for (const { result } of staged.refused) if (!result.ok) log("refused", {}, result.error);
      let reports: Report[] = staged.refused;
      if (staged.given.length > 0) {
        await this.#tell({ v: 1, state: "trying" });
        reports = await agent.takeCopies(staged.given, staged.refused);
      }
      const notice = noticeFor(reports, reports.length === 0 ? stickFault("empty") : undefined);
      const unanswered = await this.#answer(device, staged);
      const asks = () =>
        agent.asks().catch((error: unknown) => {
          log("notAnswered", {}, error);
          return undefined;
        });
      const key = reports.some(({ result }) => result.ok) ? await asks() : undefined;
      return {
        ...notice,
        // The stick brings no answer home: who holds it should know before he leaves.
        ...(notice.state === "accepted" && unanswered ? { code: unanswered.code } : {}),
        ...(key ? { key } : {}),
      };
    } finally {
      await staged.discard().catch((error: unknown) => log("refused", {}, error));
    }
  }

  #refuse(fault: Fault): StickNotice {
    log("refused", {}, fault);
    return noticeFor([], fault);
  }

  /** @returns why the answer is not on the stick */
  async #answer(device: string, { reply }: Staged): Promise<Fault | undefined> {
    const write = async (at: number) => writeReply(device, at, await this.#options.agent.reply());
    const why = "at" in reply ? await write(reply.at).catch(faultOf) : reply;
    if (why) log("notAnswered", {}, why);
    return why;
  }

  async #tell(notice: StickNotice | undefined): Promise<void> {
    this.#options.signal?.(notice);
    const path = join(this.#options.state, STICK_NOTICE);
    // A disk that is full still tells by light and sounder; the screen then keeps the word before.
    await (notice ? replace(path, JSON.stringify(notice)) : rm(path, { force: true })).catch(
      (error: unknown) => log("refused", {}, error),
    );
  }

  get #staging(): string {
    return join(this.#options.state, "staging");
  }
}

/** A defect of the program too is something that a person can look up. */
function faultOf(error: unknown): Fault {
  if (isFault(error)) return error;
  const ofDisk = typeof (error as NodeJS.ErrnoException)?.code === "string";
  return ofDisk ? diskFault(error) : stickFault("failed", {}, error);
}

async function replace(path: string, text: string): Promise<void> {
  const handle = await open(`${path}.new`, "w", 0o640);
  await handle.writeFile(text).finally(() => handle.close());
  await rename(`${path}.new`, path);
}
