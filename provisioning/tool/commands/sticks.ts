import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { replyFile } from "../../answer/index.ts";
import { bundleFault, memorySource, peekBundle } from "../../bundle/index.ts";
import { REPLY_NAME, STICK_LIMITS } from "../../stick/index.ts";
import type { Command } from "../command.ts";
import type { VolumeFile } from "../fat-layout.ts";
import { toolFault } from "../faults.ts";
import { writeWhole } from "../files.ts";
import { answerIn, bytesOf } from "../options.ts";
import { writeStick } from "../stick-writer.ts";
import { describeAnswer } from "../words.ts";

export const write: Command = {
  usage: "write FILE... --to FOLDER|IMAGE|DEVICE [--size MIB] [--erase yes]",
  does: "put bundles on a stick, with REPLY.BIN for the unit's answer: into its mounted folder, a new image file, or onto the whole device",
  options: ["to", "size", "erase"],
  run: async (options, out) => {
    options.operand(0, "FILE");
    const to = options.need("to", "a folder, a new image file, or a device");
    if (options.operands.length > STICK_LIMITS.files)
      throw toolFault("tooLarge", { files: options.operands.length, limit: STICK_LIMITS.files });
    const files: VolumeFile[] = [];
    for (const file of options.operands) {
      const bytes = await bytesOf(file);
      if (!(await peekBundle(memorySource(bytes)))) throw bundleFault("notABundle", { file });
      if (bytes.length > STICK_LIMITS.fileBytes)
        throw bundleFault("tooLarge", { file, bytes: bytes.length, limit: STICK_LIMITS.fileBytes });
      const name = basename(file).endsWith(".kbundle") ? basename(file) : `${basename(file)}.kbundle`;
      if (files.some((other) => other.name.toLowerCase() === name.toLowerCase()))
        throw toolFault("exists", { file: name });
      files.push({ name, bytes });
    }
    files.push({ name: REPLY_NAME, bytes: replyFile() });
    const mib = options.maybe("size") === undefined ? undefined : options.number("size");
    await writeStick(to, files, { erase: options.maybe("erase") === "yes", mib }, out);
  },
};

export const read: Command = {
  usage: "read PATH [--request FILE] [--out FILE]",
  does: "read a unit's answer from a stick (folder, image or device) or from REPLY.BIN; write its certificate request or all of it",
  options: ["request", "out"],
  run: async (options, out) => {
    const path = options.operand(0, "PATH");
    const inside = join(path, REPLY_NAME);
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
