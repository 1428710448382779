import { provision } from "../../provisioning/tool/index.ts";

export interface Said {
  /** `ok`, or the code of the first mistake that was explained. */
  code: string;
  words: string;
  errors: string;
}

/** One call of `guichet-provision` in this process. */
export async function tool(...argv: string[]): Promise<Said> {
  const words: string[] = [];
  const errors: string[] = [];
  const exit = await provision(argv, {
    out: (line) => words.push(line),
    error: (line) => errors.push(line),
  });
  const code = /^ {2}code {3}(\S+)/m.exec([...errors, ...words].join("\n"))?.[1] ?? "ok";
  if ((exit === 0) !== (code === "ok")) throw new Error(`exit ${exit}, but it says ${code}`);
  return { code, words: words.join("\n"), errors: errors.join("\n") };
}

/** A call that has to go well; answers what was said. */
tool.good = async (...argv: string[]): Promise<string> => {
  const said = await tool(...argv);
  if (said.code !== "ok") throw new Error(`${argv.join(" ")}\n${said.errors}\n${said.words}`);
  return said.words;
};
