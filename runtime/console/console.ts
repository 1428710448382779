import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "@sinclair/typebox";
import { type Clock, parseJson } from "../../drivers/kit/index.ts";
import {
  KEY_WORDS,
  STICK_NOTICE,
  STICK_WORDS,
  StickNoticeSchema,
} from "../../provisioning/stick/notice/index.ts";
import { askHealth, faultFile } from "../ipc/index.ts";
import { type Notice, page } from "./page.ts";

const PERIOD_MS = 2_000;
/** In the order of who needs whom: the first that says why it is down is the reason. */
const PROCESSES = ["provisioner", "vault", "senses", "core"] as const;

const FaultSchema = Type.Object({
  code: Type.String({ maxLength: 80 }),
  what: Type.Optional(Type.String({ maxLength: 300 })),
  todo: Type.Optional(Type.String({ maxLength: 300 })),
});

/**
 * Says on the console that the unit is out of service and why, for as long as no browser covers it. It never says more
 * than a code of the catalogue and what that means: whoever walks by can read it.
 */
export class Console {
  readonly #options: { state: string; clock: Clock; write(text: string): void };
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #shown = "";

  constructor(options: { state: string; clock: Clock; write(text: string): void }) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { state, clock, write } = this.#options;
    while (!this.#stop.signal.aborted) {
      const notice = await noticeOf(state);
      const text = page(notice);
      if (text !== this.#shown) write(text);
      this.#shown = text;
      await clock.sleep(PERIOD_MS, this.#stop.signal);
    }
  }
}

/**
 * What became of the stick that is in the service port; undefined while none is there. At the first stick there is no other
 * screen than this one.
 */
async function stickNotice(state: string): Promise<Notice | undefined> {
  const text = await readFile(join(state, STICK_NOTICE), "utf8").catch(() => undefined);
  const told = text === undefined ? undefined : parseJson(StickNoticeSchema, text, STICK_NOTICE);
  if (!told?.ok) return undefined;
  const { state: outcome, code = `stick.${outcome}`, key } = told.value;
  const { title, body } = STICK_WORDS[outcome].en;
  const todo = key ? `${body} ${KEY_WORDS.en(key)}` : body;
  return { code, what: title, todo: todo.replace(/\.$/, "") };
}

/** What there is to say of the unit now. Whoever has just put a stick in asks about that first. */
export async function noticeOf(state: string): Promise<Notice> {
  const stick = await stickNotice(state);
  if (stick) return stick;
  const up = await askHealth(state).then(
    () => true,
    () => false,
  );
  if (up)
    return {
      code: "screen.away",
      what: "The unit runs; its browser does not",
      todo: "It is started again by itself. If this stays: is the panel connected, are chromium and cage installed?",
    };
  for (const process of PROCESSES) {
    const text = await readFile(faultFile(state, process), "utf8").catch(() => undefined);
    const fault = text === undefined ? undefined : parseJson(FaultSchema, text, "fault");
    if (fault?.ok) {
      const { code, what = "A process of the unit does not start", todo = "Read its journal" } = fault.value;
      return { code, what, todo };
    }
  }
  const provisioned = await readFile(join(state, "config", "unit.json")).then(
    () => true,
    () => false,
  );
  return provisioned
    ? { code: "core.away", what: "The unit is starting", todo: "It is served as soon as it is up" }
    : {
        code: "unit.unprovisioned",
        what: "The unit does not know yet what it is",
        todo: "Open the service door and plug in the stick with its bundles",
      };
}
