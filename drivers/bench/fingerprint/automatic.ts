import type { Clock } from "../../kit/index.ts";
import { be16, find, type ModuleTools, makeFeatures } from "./commands.ts";
import type { ModuleState } from "./state.ts";

/** AutoEnroll and AutoIdentify of an R503: the module works by itself and tells each step. */
export interface Automatic {
  enrol(body: Buffer): Promise<void>;
  identify(body: Buffer): Promise<void>;
  /** Ends what runs; without the answer to Cancel. */
  cancel(): void;
}

/** It gives up without a finger after this, ms. */
const GIVE_UP_MS = 10_000;
const LOOK_MS = 50;
const TOUCHES = 6;
const FIRST_AUTO_ID = 0xc8;

export function automaticOf(state: ModuleState, tools: ModuleTools, clock: Clock): Automatic {
  let running = new AbortController();

  /** Waits until a finger lies there, or none; false when it gave up, undefined when it was cancelled. */
  async function until(lies: boolean, signal: AbortSignal): Promise<boolean | undefined> {
    const end = clock.mono() + GIVE_UP_MS;
    for (;;) {
      if (signal.aborted) return undefined;
      const seen = tools.finger();
      if ((seen !== null) === lies) {
        state.image = seen ? { ...seen } : undefined;
        return true;
      }
      if (clock.mono() >= end) return false;
      await clock.sleep(LOOK_MS, signal);
    }
  }

  const numberOf = (step: number): number =>
    state.quirks.stepsLookDecimal && step >= 10 && step <= 12 ? step + 6 : step;

  async function enrol(body: Buffer): Promise<void> {
    running = new AbortController();
    const { signal } = running;
    const [, wanted = 0, overwrite = 0, duplicates = 0, everyStep = 0, lift = 0] = body;
    const free = () =>
      Array.from({ length: state.model.pages }, (_, i) => i).find((i) => !state.pages.has(i));
    const id = wanted >= FIRST_AUTO_ID ? free() : wanted;
    if (id === undefined) return tools.ack(0x1f, 0, wanted);
    if (id >= state.model.pages) return tools.ack(0x0b, 0, id);
    if (!overwrite && state.pages.has(id)) return tools.ack(0x22, 0, id);
    const say = (step: number, code = 0x00) => {
      if (code !== 0x00 || everyStep || step === 0x0f) tools.ack(code, numberOf(step), id);
    };
    for (let touch = 1; touch <= TOUCHES; touch++) {
      const placed = await until(true, signal);
      if (placed === undefined) return;
      if (!placed) return say(2 * touch - 1, 0x26);
      say(2 * touch - 1);
      const code = makeFeatures(state, 1);
      say(2 * touch, code);
      if (code !== 0x00) return;
      if (!lift || touch === TOUCHES) continue;
      const lifted = await until(false, signal);
      if (lifted === undefined) return;
      if (!lifted) return say(2 * touch + 1, 0x26);
    }
    if (!duplicates && find(state, 1, 0, state.model.pages)) return say(0x0d, 0x27);
    say(0x0d);
    say(0x0e);
    const own = state.buffers.get(1);
    if (own) state.pages.set(id, own);
    say(0x0f);
  }

  async function identify(body: Buffer): Promise<void> {
    running = new AbortController();
    const { signal } = running;
    const [, security = 0, first = 0, count = 0, everyStep = 0, errors = 1] = body;
    const say = (code: number, step: number, page = 0, score = 0) => {
      if (everyStep || code !== 0x00 || step === 3) tools.ack(code, step, ...be16(page), ...be16(score));
    };
    if (security < 1 || security > 5) return say(0x01, 0);
    if (state.pages.size === 0) return say(0x24, 0);
    for (let failed = 0; errors === 0 || failed < errors; failed++) {
      const placed = await until(true, signal);
      if (placed === undefined) return;
      if (!placed) return say(0x26, 1);
      say(0x00, 1);
      if (makeFeatures(state, 1) !== 0x00) continue;
      say(0x00, 2);
      const found = find(state, 1, first, count);
      if (found) return say(0x00, 3, found.page, found.score);
    }
    say(0x09, 3);
  }

  return { enrol, identify, cancel: () => running.abort() };
}
