import { DRIVER_NAMES, REGISTRY } from "../registry/index.ts";
import type { AnyEntry, AnyModule, Subject } from "./rig.ts";

/** A driver and its entry, which stands beside it as `conformance.ts`. Rejects when one of them is missing. */
export async function subjectOf(name: string): Promise<Subject> {
  const known = DRIVER_NAMES.find((other) => other === name);
  if (!known) throw new TypeError(`no driver ${name} in the registry`);
  const module: AnyModule = await REGISTRY[known].load();
  const { conformance } = (await import(`../${name.replace(".", "/")}/conformance.ts`)) as {
    conformance: AnyEntry;
  };
  return { name, module, entry: conformance };
}
