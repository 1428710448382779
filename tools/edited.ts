import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/** One place of a source that a test replaces, to show what the rule there is for. */
export interface Edit {
  /** The end of its path. */
  file: string;
  from: string;
  to: string;
}

/**
 * Replaces places of the sources that are bundled. Each must be there exactly once.
 * @param applied gets the edits whose file was part of the bundle
 */
export const edited = (edits: readonly Edit[], applied: Set<Edit> = new Set()): Plugin => ({
  name: "edited",
  setup: (context) => {
    context.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const own = edits.filter(({ file }) => path.endsWith(`/${file}`));
      if (own.length === 0) return undefined;
      let contents = await readFile(path, "utf8");
      for (const edit of own) {
        if (contents.split(edit.from).length !== 2)
          throw new Error(`${edit.file} has not exactly one place for: ${edit.from}`);
        contents = contents.replace(edit.from, () => edit.to);
        applied.add(edit);
      }
      return { contents, loader: "ts" };
    });
  },
});
