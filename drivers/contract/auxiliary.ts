import type { Result } from "../kit/index.ts";

/** A door contact, a tamper loop, a switch. `active` means door open, tampered, switch on. */
export interface AuxiliaryInput {
  read(): Promise<Result<"active" | "inactive">>;
  /** Debounced edges. Returns the way to stop. */
  watch(listener: (state: "active" | "inactive") => void): () => void;
}

export interface Indicator {
  set(on: boolean): Promise<Result<void>>;
}
