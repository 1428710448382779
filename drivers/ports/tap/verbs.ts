import type { Driver } from "../../contract/index.ts";

/** Words that a driver's verbs take which are names of the code's own; any other string may be a person's. */
const OWN_WORDS = ["templateFormat", "motion"];
const OWN_WORD = /^[\w.-]{1,40}$/;
const MOST_FIELDS = 12;

export type NotedValue = number | boolean | string | { bytes: number } | { [name: string]: NotedValue };

/** What of a verb's parameters may be noted: numbers, yes and no, the code's own words, and how long bytes are. */
export function describe(value: unknown, depth = 0): NotedValue | undefined {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (value instanceof Uint8Array) return { bytes: value.length };
  if (typeof value !== "object" || value === null || Array.isArray(value) || depth > 0) return undefined;
  const noted: { [name: string]: NotedValue } = {};
  for (const [name, field] of Object.entries(value).slice(0, MOST_FIELDS)) {
    const own = typeof field === "string" && OWN_WORDS.includes(name) && OWN_WORD.test(field);
    const said = own ? field : describe(field, depth + 1);
    if (said !== undefined) noted[name] = said;
  }
  return noted;
}

export interface VerbNotes {
  /** A verb was called; answers its number. */
  called(verb: string, given: (NotedValue | null)[]): number;
  /** @param code `ok`, or the code of the error */
  answered(call: number, code: string): void;
  /** A picture passed, of so many bytes. */
  picture(length: number): void;
}

/** The driver with its verbs noted: which was called when, with what may be told of it, and what it came to. */
export function notedDriver<V>(driver: Driver<V>, notes: VerbNotes): Driver<V> {
  return {
    ...driver,
    open: async (signal) => {
      const session = await driver.open(signal);
      return { ...session, verbs: notedVerbs(session.verbs as object, notes) as V };
    },
  };
}

function notedVerbs(verbs: object, notes: VerbNotes): object {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(verbs, {
    get: (target, name) => {
      const found = Reflect.get(target, name) as unknown;
      if (typeof found !== "function" || typeof name !== "string") return found;
      // Those that watch are no commands.
      if (/^(watch|on[A-Z])/.test(name)) return found;
      const known = wrapped.get(name);
      if (known) return known;
      const noted = (...given: unknown[]) => {
        const call = notes.called(
          name,
          given.map((one) => describe(one) ?? null),
        );
        const passed = given.map((one) =>
          typeof one === "function" ? pictures(one as (bytes: unknown) => unknown, notes) : one,
        );
        const answer = Reflect.apply(found, target, passed) as unknown;
        if (answer instanceof Promise)
          void answer.then(
            (result: unknown) => {
              const jpeg = (result as { value?: { jpeg?: unknown } } | undefined)?.value?.jpeg;
              if (jpeg instanceof Uint8Array) notes.picture(jpeg.length);
              notes.answered(call, codeOf(result));
            },
            (error: unknown) => notes.answered(call, codeOf({ ok: false, error })),
          );
        return answer;
      };
      wrapped.set(name, noted);
      return noted;
    },
  });
}

const pictures =
  (onFrame: (bytes: unknown) => unknown, notes: VerbNotes) =>
  (bytes: unknown): unknown => {
    if (bytes instanceof Uint8Array) notes.picture(bytes.length);
    return onFrame(bytes);
  };

function codeOf(result: unknown): string {
  const { ok, error } = (result ?? {}) as { ok?: unknown; error?: { code?: unknown } };
  if (ok === false) return typeof error?.code === "string" ? error.code : "thrown";
  return "ok";
}
