/**
 * Conditions of services: CEL, a small expression language without loops or side effects. They see `answers` only and
 * fail closed: an error, or anything but true, is false.
 */
export type Condition = (answers: Readonly<Record<string, unknown>>) => boolean;

/** Compiles conditions; loaded at the first use. Throws an Error with CEL's own words for one that does not parse. */
export async function conditionCompiler(): Promise<(source: string) => Condition> {
  const { Environment } = await import("@marcbachmann/cel-js");
  const environment = new Environment().registerVariable("answers", "map");
  return (source) => {
    const program = environment.parse(source);
    return (answers) => {
      try {
        return program({ answers }) === true;
      } catch {
        return false;
      }
    };
  };
}
