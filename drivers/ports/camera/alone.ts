import { deviceFault } from "../../contract/index.ts";
import { err, isFault, ok, type Result } from "../../kit/index.ts";

/** One command of a camera at a time: a sensor serves one program. A second one is refused, never queued. */
export class Alone {
  readonly #role: string;
  readonly #closing = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(role: string) {
    this.#role = role;
  }

  /** Aborted by `close`. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  async run<T>(job: () => Promise<T>): Promise<Result<T>> {
    const role = this.#role;
    if (this.closing.aborted) return err(deviceFault("absent", { role }));
    if (this.#running) return err(deviceFault("busy", { role }));
    const work = job();
    this.#running = work;
    try {
      return ok(await work);
    } catch (error) {
      return err(isFault(error) ? error : deviceFault("fault", { role }, error));
    } finally {
      this.#running = undefined;
    }
  }

  /** Ends what runs, and resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running?.catch(() => undefined);
  }
}
