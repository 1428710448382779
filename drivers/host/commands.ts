import type { Accepted, CancelAnswer, Command, Completion } from "../contract/index.ts";
import { deviceFault } from "../contract/index.ts";
import { type Clock, err, type Fault, ok, type Result, sha256Hex } from "../kit/index.ts";
import type { Job } from "./job.ts";

interface Entry {
  digest: string;
  /** Until it is completed. */
  job: Job | undefined;
  completion: Promise<Completion<unknown>>;
  /** Monotonic, ms; set when it is completed. */
  keepUntil: number;
  canceled: Promise<CancelAnswer> | undefined;
}

export interface CommandBookOptions {
  /** A result is kept at least this long: longer than any sender repeats its command, ms. */
  keepMs: number;
  limit: number;
}

/**
 * The commands of one device by their ids, so that the same one is never run twice. It is bounded: when nothing in it may
 * be forgotten yet, new commands are refused rather than an old answer lost.
 */
export class CommandBook {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #options: CommandBookOptions;

  constructor(clock: Clock, options: CommandBookOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** The answer to a command that was sent before; undefined for a new one. */
  replay(command: Command): Result<Accepted<unknown>> | undefined {
    const entry = this.#entries.get(command.id);
    if (!entry) return undefined;
    if (entry.digest !== digestOf(command)) return err(deviceFault("conflict", { verb: command.verb }));
    return ok({
      id: command.id,
      phase: entry.job?.phase ?? "completed",
      replayed: true,
      completion: entry.completion,
    });
  }

  /** Why there is no room for another command. */
  full(): Fault | undefined {
    if (this.#entries.size < this.#options.limit) return undefined;
    const now = this.#clock.mono();
    for (const [id, entry] of this.#entries) if (entry.keepUntil <= now) this.#entries.delete(id);
    return this.#entries.size < this.#options.limit
      ? undefined
      : deviceFault("queueFull", { why: "results" });
  }

  keep(command: Command, job: Job): Accepted<unknown> {
    const entry: Entry = {
      digest: digestOf(command),
      job,
      completion: job.completion,
      keepUntil: Number.POSITIVE_INFINITY,
      canceled: undefined,
    };
    this.#entries.set(command.id, entry);
    void job.completion.then((completion) => {
      entry.job = undefined;
      // Not before its own deadline has passed either: sent again after that, it is expired.
      const open = command.notAfter === undefined ? 0 : command.notAfter - this.#clock.wall();
      entry.keepUntil = this.#clock.mono() + Math.max(this.#options.keepMs, open);
      // What a capture gave is of a person, and was handed out.
      if (command.kind === "capture" && completion.result.ok)
        entry.completion = Promise.resolve({ ...completion, result: err(deviceFault("resultGone")) });
    });
    return { id: command.id, phase: job.phase, replayed: false, completion: job.completion };
  }

  /** Cancels by `how` what has not come to its end; the same question again gets the same answer. */
  cancel(id: string, how: (job: Job) => Promise<CancelAnswer>): Promise<CancelAnswer> {
    const entry = this.#entries.get(id);
    if (!entry) return Promise.resolve("unknown");
    if (entry.canceled) return entry.canceled;
    if (!entry.job) return Promise.resolve("tooLate");
    const answer = how(entry.job);
    entry.canceled = answer;
    return answer;
  }
}

const digestOf = ({ verb, kind, parameters }: Command): string =>
  sha256Hex(JSON.stringify([verb, kind, sorted(parameters ?? null)]));

/** The same value with the keys of every object in order, so that equal parameters have equal texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, part]) => [key, sorted(part)]);
}
