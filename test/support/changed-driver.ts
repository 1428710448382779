import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "esbuild";
import type { AnyModule } from "../../drivers/conformance/index.ts";
import { type Edit, importEdited } from "./edited.ts";

/** A changed driver shares them with all others. */
const shared: Plugin = {
  name: "shared",
  setup: (context) =>
    context.onResolve({ filter: /\/(kit|contract|ports)\/index\.ts$/ }, ({ path, resolveDir }) => ({
      path: pathToFileURL(resolve(resolveDir, path)).href,
      external: true,
    })),
};

/** A driver with some places of its source replaced. @param changes files below `drivers` */
export const changedDriver = (driver: string, changes: readonly Edit[]): Promise<AnyModule> =>
  importEdited(
    join("drivers", driver.replace(".", "/"), "index.ts"),
    changes.map((change) => ({ ...change, file: `drivers/${change.file}` })),
    [shared],
  );
