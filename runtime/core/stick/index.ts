import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Emitter, parseJson } from "../../../drivers/kit/index.ts";
import type { Language } from "../../../flows/index.ts";
import {
  KEY_WORDS,
  mayTakeOut,
  STICK_NOTICE,
  STICK_WORDS,
  type StickNotice,
  StickNoticeSchema,
  type StickState,
} from "../../../provisioning/stick/notice/index.ts";
import type { Face, View } from "../screen/model.ts";

/** What the provisioner tells of the stick in the service port, as it stands in `stick.json`. */
export class StickNotices {
  readonly events = new Emitter<{ changed: undefined }>();
  readonly #path: string;
  readonly #watcher: FSWatcher;
  #current: StickNotice | undefined;

  constructor(state: string) {
    this.#path = join(state, STICK_NOTICE);
    this.#watcher = watch(state, (_, name) => name === STICK_NOTICE && void this.#read());
    void this.#read();
  }

  /** Undefined while no stick is there. */
  get current(): StickNotice | undefined {
    return this.#current;
  }

  stop(): void {
    this.#watcher.close();
  }

  async #read(): Promise<void> {
    const text = await readFile(this.#path, "utf8").catch(() => undefined);
    const notice = text === undefined ? undefined : parseJson(StickNoticeSchema, text, STICK_NOTICE);
    this.#current = notice?.ok ? (notice.value as StickNotice) : undefined;
    this.events.emit("changed", undefined);
  }
}

const GOOD: ReadonlySet<StickState> = new Set(["accepted", "older"]);

function faceOf(state: StickState): Face {
  if (!mayTakeOut(state)) return "working";
  if (GOOD.has(state)) return "succeeded";
  return state === "gone" ? "again" : "cannot";
}

/** What the screen shows in the place of the unit's rest while a stick is in. */
export function stickView({ state, code, key }: StickNotice, language: Language): View {
  const { title, body: said } = STICK_WORDS[state][language];
  const body = key ? `${said} ${KEY_WORDS[language](key)}` : said;
  return { kind: "message", title, body, face: faceOf(state), actions: [], ...(code ? { code } : {}) };
}
