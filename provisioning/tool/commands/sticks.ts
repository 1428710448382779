import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { REPLY_BYTES, replyFile } from "../../answer/index.ts";
import { bundleFault, memorySource, peekBundle } from "../../bundle/index.ts";
import type { Command } from "../command.ts";
import { toolFault } from "../faults.ts";
import { writeWhole } from "../files.ts";
import { answerIn, bytesOf } from "../options.ts";
import { describeAnswer } from "../words.ts";

/** What a unit looks at on a stick. */
const REPLY = "REPLY.BIN";
const MOST_FILES = 16;

export const write: Command = {
  usage: "write FILE... --to FOLDER",
  does: "put bundles on a stick (its mounted folder) and lay out REPLY.BIN for the unit's answer",
  options: ["to"],
  run: async (options, out) => {
    options.operand(0, "FILE");
    const folder = options.need("to", "the folder of the stick");
    if (options.operands.length > MOST_FILES)
      throw toolFault("tooLarge", { files: options.operands.length, limit: MOST_FILES });
    const info = await stat(folder).catch(() => undefined);
    if (!info?.isDirectory()) throw toolFault("cannotWrite", { file: folder });
    for (const file of options.operands) {
      const bytes = await bytesOf(file);
      if (!(await peekBundle(memorySource(bytes)))) throw bundleFault("notABundle", { file });
      const to = join(
        folder,
        basename(file).endsWith(".kbundle") ? basename(file) : `${basename(file)}.kbundle`,
      );
      await writeWhole(to, bytes, true);
      out(`${to}  ${bytes.length} bytes`);
    }
    const reply = join(folder, REPLY);
    await writeWhole(reply, replyFile(), true);
    out(`${reply}  ${REPLY_BYTES} bytes for the unit's answer`);
  },
};

export const read: Command = {
  usage: "read PATH [--request FILE] [--out FILE]",
  does: "read a unit's answer from a stick's folder or from REPLY.BIN; write its certificate request or all of it",
  options: ["request", "out"],
  run: async (options, out) => {
    const path = options.operand(0, "PATH");
    const inside = join(path, REPLY);
    const answer = await answerIn(existsSync(inside) ? inside : path);
    for (const line of describeAnswer(answer)) out(line);
    const request = options.maybe("request");
    if (request) {
      if (!answer.request) throw bundleFault("noRequest", { unit: answer.claim?.unit });
      await writeWhole(request, answer.request);
      out(`request in ${request}`);
    }
    const file = options.maybe("out");
    if (file) {
      await writeWhole(file, `${JSON.stringify(answer, null, 2)}\n`);
      out(`answer in ${file}`);
    }
  },
};
