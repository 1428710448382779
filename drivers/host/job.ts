import type {
  CommandContext,
  CommandPhase,
  Completion,
  Purpose,
  Session,
  VerbKind,
} from "../contract/index.ts";
import { deviceFault, retryAdvice } from "../contract/index.ts";
import { type Clock, defer, err, type Fault, type Result } from "../kit/index.ts";

export interface JobOptions {
  id: string;
  kind: VerbKind;
  deviceTimeMs: number;
  purpose: Purpose;
  userTimeMs?: number | undefined;
  queueTimeMs?: number | undefined;
  notAfter?: number | undefined;
  commits?: boolean | undefined;
  transaction?: string | undefined;
  run(session: Session<unknown>, context: CommandContext): Promise<Result<unknown>>;
}

/** One accepted command on its way to its one completion. */
export class Job {
  readonly options: JobOptions;
  readonly completion: Promise<Completion<unknown>>;
  readonly context: CommandContext;
  readonly #clock: Clock;
  readonly #done = defer<Completion<unknown>>();
  readonly #abort = new AbortController();
  readonly #queuedAt: number;
  #startedAt: number | undefined;
  #phase: CommandPhase = "queued";
  #committed = false;
  #early: Fault | undefined;

  constructor(options: JobOptions, clock: Clock) {
    this.options = options;
    this.#clock = clock;
    this.#queuedAt = clock.mono();
    this.completion = this.#done.promise;
    this.context = { signal: this.#abort.signal, commit: () => this.#commit() };
  }

  get phase(): CommandPhase {
    return this.#phase;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why it is to end before its time. */
  get early(): Fault | undefined {
    return this.#early;
  }

  /** Whether ending it early would leave no effect: captures, and actuates that say when they commit, until then. */
  get cancellable(): boolean {
    if (this.#phase !== "running") return false;
    return this.options.kind === "capture" || (this.options.kind === "actuate" && !this.#committed);
  }

  begin(): void {
    this.#startedAt = this.#clock.mono();
    this.#phase = "running";
    if (this.options.kind === "actuate" && !this.options.commits) this.#commit();
  }

  /** Asks the run to end by its own safe path. The first reason stays. */
  endEarly(reason: Fault): void {
    this.#early ??= reason;
    this.#abort.abort();
  }

  /** Completes it; every later answer is dropped. A run that is still under way can not commit any more. */
  finish(result: Result<unknown>): void {
    if (this.#phase === "completed") return;
    const now = this.#clock.mono();
    const begun = this.#startedAt ?? now;
    this.#phase = "completed";
    this.#done.resolve({
      id: this.options.id,
      result,
      committed: this.#committed,
      ...(result.ok ? {} : { retry: retryAdvice(this.options.kind, this.#committed, result.error) }),
      queuedMs: begun - this.#queuedAt,
      tookMs: now - begun,
    });
    this.#abort.abort();
  }

  refuse(fault: Fault): void {
    this.finish(err(fault));
  }

  #commit(): void {
    if (this.#early) throw this.#early;
    if (this.#phase === "completed") throw deviceFault("canceled", { why: "late" });
    this.#committed = true;
    this.#phase = "committed";
  }
}
