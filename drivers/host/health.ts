import type { Health, RepeatedFault, SelfTestLevel, SelfTestRecord } from "../contract/index.ts";
import type { Clock, Fault } from "../kit/index.ts";

const SAMPLES = 256;

/** The figures of one device. */
export class HealthFigures {
  readonly #clock: Clock;
  readonly #latencies = new Float64Array(SAMPLES);
  readonly #selfTests: Partial<Record<SelfTestLevel, SelfTestRecord>> = {};
  #answered = 0;
  /** Worked out when somebody asks, until the next command. */
  #latency: Health["latency"];
  #lastSuccess: number | undefined;
  #consecutiveFailures = 0;
  #opened = 0;
  #fault: RepeatedFault | undefined;
  #cleared = true;
  resets = 0;
  nextAttempt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get consecutiveFailures(): number {
    return this.#consecutiveFailures;
  }

  opened(): void {
    this.#opened++;
    this.nextAttempt = undefined;
  }

  /** @param tookMs latency of a command; absent for a probe, which is not one */
  succeeded(tookMs?: number): void {
    this.#lastSuccess = this.#clock.wall();
    this.#consecutiveFailures = 0;
    if (tookMs === undefined) return;
    this.#latencies[this.#answered++ % SAMPLES] = tookMs;
    this.#latency = undefined;
  }

  failed(): void {
    this.#consecutiveFailures++;
  }

  /** Counts a fault; answers its record, whose count is 1 when it is another one than the last. */
  raise(fault: Fault): RepeatedFault {
    const now = this.#clock.wall();
    if (this.#fault?.code === fault.code && !this.#cleared) {
      this.#fault.last = now;
      this.#fault.count++;
    } else {
      this.#fault = { code: fault.code, first: now, last: now, count: 1 };
      this.#cleared = false;
    }
    return this.#fault;
  }

  /** Ends the fault that is raised; answers it once. */
  clear(): RepeatedFault | undefined {
    if (this.#cleared) return undefined;
    this.#cleared = true;
    return this.#fault;
  }

  tested(level: SelfTestLevel, record: SelfTestRecord): void {
    this.#selfTests[level] = record;
  }

  figures(queueDepth: number): Health {
    const latency = this.#latencyNow();
    return {
      ...(this.#lastSuccess === undefined ? {} : { lastSuccess: this.#lastSuccess }),
      consecutiveFailures: this.#consecutiveFailures,
      queueDepth,
      ...(latency ? { latency } : {}),
      reconnects: Math.max(0, this.#opened - 1),
      resets: this.resets,
      ...(this.nextAttempt === undefined ? {} : { nextAttempt: this.nextAttempt }),
      ...(this.#fault ? { fault: { ...this.#fault } } : {}),
      selfTests: { ...this.#selfTests },
    };
  }

  #latencyNow(): Health["latency"] {
    const count = Math.min(this.#answered, SAMPLES);
    if (this.#latency || count === 0) return this.#latency;
    const sorted = this.#latencies.slice(0, count).sort();
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
    this.#latency = { p50: at(0.5), p99: at(0.99), count };
    return this.#latency;
  }
}
