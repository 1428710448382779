import type { Fault } from "./errors.ts";

/** What a person or the world can cause is a value, not an exception. Bugs are thrown. */
export type Result<T, E = Fault> = { ok: true; value: T } | { ok: false; error: E };

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const err = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });
