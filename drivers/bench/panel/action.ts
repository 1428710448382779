import { type TObject, Type } from "@sinclair/typebox";
import type { DispenserSimulator } from "../dispenser/index.ts";
import type { LockFault } from "../lock/index.ts";
import type { Plant } from "../plant/index.ts";

/** One thing that can be done on the plant: one `POST` path of the panel. */
export interface Action {
  path: string;
  what: string;
  body: TObject;
  /** Throws `Impossible` for what a hand could not do. The body has been checked against `body`. */
  run(bench: PanelBench, body: never): unknown;
}

/** What the panel needs of a bench. */
export interface PanelBench {
  plant: Plant;
  /** Makes answers on a lock board's line go wrong; false when there is no such board. */
  setLockFault(device: string, fault: LockFault, count?: number): boolean;
  /** The simulator of a card dispenser; undefined when there is none of this role. */
  dispenser(device: string): DispenserSimulator | undefined;
  /** Makes the next replug of a serial device come back under another device number. */
  replugElsewhere(device: string): void;
}

export const closed = { additionalProperties: false };
export const Name = Type.String({ minLength: 1, maxLength: 64 });
export const Device = Type.Object({ device: Name }, closed);
export const oneOf = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: "string", enum: [...values] });

/** Ties the type of a row's body to what its `run` takes. */
export const action = <B>(
  path: string,
  what: string,
  body: TObject,
  run: (bench: PanelBench, body: B) => unknown,
) => ({ path, what, body, run }) as unknown as Action;
