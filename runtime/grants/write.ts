import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes rules that are not there yet and has them applied; those that could not be are not left to be taken for it.
 * @returns whether they were new
 */
export async function writeRules(
  path: string,
  text: string,
  apply: () => Promise<unknown>,
): Promise<boolean> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return false;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o644 });
  try {
    await apply();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return true;
}
