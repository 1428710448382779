/** What a unit tells of a stick; apart from what reads one, because the core needs no more. */
export * from "./outcome.ts";
export * from "./signals.ts";
export * from "./words.ts";
