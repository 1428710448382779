import { suite as uvuSuite } from "uvu";
import { setLog } from "../drivers/kit/index.ts";

setLog({ level: "error" });

type Teardown = () => unknown | Promise<unknown>;

export interface TestContext {
  /** Runs after the test, in reverse order, even when it failed. */
  after(teardown: Teardown): void;
}

/**
 * A suite whose tests end within `limitMs` and clean up after themselves; uvu alone has neither.
 * Call `run()` at the end of the file.
 */
export function suite(name: string, limitMs = 60_000) {
  const uvu = uvuSuite(name);
  return {
    test(title: string, body: (t: TestContext) => void | Promise<void>, ownLimitMs = limitMs): void {
      uvu(title, async () => {
        const teardowns: Teardown[] = [];
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(
            () => reject(new Error(`test ran longer than ${ownLimitMs} ms: ${title}`)),
            ownLimitMs,
          );
        });
        try {
          await Promise.race([body({ after: (teardown) => teardowns.push(teardown) }), late]);
        } finally {
          clearTimeout(timer);
          for (const teardown of teardowns.reverse()) await teardown();
        }
      });
    },
    run: () => uvu.run(),
  };
}

/** Waits until `probe` gives something else than undefined or false; fails with `what` after `ms`. For state without an event. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 30_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`did not happen within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
