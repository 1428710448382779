import * as assert from "uvu/assert";
import type { Accepted } from "../../../../drivers/contract/index.ts";
import type { Result } from "../../../../drivers/kit/index.ts";
import type { HostModule } from "../support.ts";

/** Something that the layer promises, as a scenario that a host without it fails. */
export type Rule = (module: HostModule) => Promise<void>;

export const taken = <T>(result: Result<Accepted<T>>): Accepted<T> => {
  assert.ok(result.ok, result.ok ? "" : result.error.code);
  return result.value;
};
