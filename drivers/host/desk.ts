import {
  type Accepted,
  type CancelAnswer,
  type Command,
  deviceFault,
  type Session,
} from "../contract/index.ts";
import { type Clock, err, type Fault, ok, type Result } from "../kit/index.ts";
import { CommandBook, type CommandBookOptions } from "./commands.ts";
import { type Asked, forbidden, type GateState, hindrance, refusal } from "./gate.ts";
import { Job, type JobOptions } from "./job.ts";
import { JobQueue } from "./queue.ts";
import { Runner } from "./runner.ts";

const MAX_QUEUE = 8;
const RESULTS: CommandBookOptions = { keepMs: 600_000, limit: 256 };

export interface DeskOptions {
  role: string;
  clock: Clock;
  results: Partial<CommandBookOptions> | undefined;
  /** How the device is now. */
  gate(): GateState;
  /** Called for every refusal by an interlock. */
  interlocked(fault: Fault, transaction: string | undefined): void;
  /** Called when a command waits. */
  wake(): void;
}

/** Where the commands of one device are taken or refused, wait, are cancelled, and are given out one by one. */
export class Desk {
  readonly #options: DeskOptions;
  readonly #queue: JobQueue;
  readonly #book: CommandBook;
  readonly runner: Runner;

  constructor(options: DeskOptions) {
    const { clock, role, results } = options;
    this.#options = options;
    this.#queue = new JobQueue(MAX_QUEUE, clock);
    this.#book = new CommandBook(clock, { ...RESULTS, ...results });
    this.runner = new Runner(role, clock);
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a command that has an id, or tells what became of it before. */
  submit(command: Command, run: JobOptions["run"]): Result<Accepted<unknown>> {
    const before = this.#book.replay(command);
    if (before) return before;
    const full = this.#book.full();
    if (full) return err(full);
    const { clock, gate } = this.#options;
    const { queueTimeMs, notAfter, purpose = "public" } = command;
    const left = notAfter === undefined ? undefined : Math.max(0, notAfter - clock.wall());
    const declared = gate().session?.declares?.[command.verb]?.deviceTimeMs ?? Number.POSITIVE_INFINITY;
    const asked = { ...command, purpose };
    const job = this.take(asked, {
      ...asked,
      deviceTimeMs: Math.min(command.deviceTimeMs, declared),
      queueTimeMs: left === undefined ? queueTimeMs : Math.min(left, queueTimeMs ?? left),
      run,
    });
    return job.ok ? ok(this.#book.keep(command, job.value)) : job;
  }

  /** Takes a command, or says why not. */
  take(asked: Asked, job: JobOptions): Result<Job> {
    const { role, clock, gate, wake } = this.#options;
    const refused = refusal(gate(), asked);
    if (refused) return err(this.#noted(refused, job.transaction));
    const taken = new Job(job, clock);
    if (!this.#queue.push(taken)) return err(deviceFault("queueFull", { role }));
    wake();
    return ok(taken);
  }

  cancel(id: string): Promise<CancelAnswer> {
    return this.#book.cancel(id, async (job) => {
      const canceled = deviceFault("canceled", { role: this.#options.role });
      if (this.#queue.remove(job)) {
        job.refuse(canceled);
        return "canceledBeforeStart";
      }
      if (!job.cancellable) return "tooLate";
      job.endEarly(canceled);
      const { result } = await job.completion;
      return !result.ok && result.error.code === "device.canceled" ? "canceledSafely" : "tooLate";
    });
  }

  /** The next command that still may begin; what became impossible while it waited is refused here. */
  next(): Job | undefined {
    for (let job = this.#queue.shift(); job; job = this.#queue.shift()) {
      const hindered = hindrance(this.#options.gate(), job.options);
      if (!hindered) return job;
      job.refuse(this.#noted(hindered, job.options.transaction));
    }
    return undefined;
  }

  run(session: Session<unknown>, job: Job): Promise<Result<unknown>> {
    return this.runner.run(session, job);
  }

  /**
   * Asks the interlocks once more: since the command began, its driver may have waited for its line or its coils.
   * @throws Fault `device.interlocked`; `device.canceled` when no command runs whose motion this could be
   */
  permit(): void {
    const job = this.runner.current;
    if (!job) throw deviceFault("canceled", { role: this.#options.role, why: "late" });
    const fault = forbidden(this.#options.gate(), job.options.purpose);
    if (fault) throw this.#noted(fault, job.options.transaction);
  }

  /** Refuses what waits. */
  refuseWaiting(which?: (job: Job) => boolean): void {
    const { role, gate } = this.#options;
    this.#queue.refuse(() => deviceFault("notReady", { role, lifecycle: gate().lifecycle }), which);
  }

  /** Refuses what waits and ends what runs, as far as that leaves no effect. */
  dismiss(which: (job: Job) => boolean): void {
    this.refuseWaiting(which);
    const { current } = this.runner;
    if (current?.cancellable && which(current))
      current.endEarly(deviceFault("canceled", { role: this.#options.role }));
  }

  #noted(fault: Fault, transaction: string | undefined): Fault {
    if (fault.code === "device.interlocked") this.#options.interlocked(fault, transaction);
    return fault;
  }
}
