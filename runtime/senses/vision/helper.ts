import { parseArgs } from "node:util";
import { Type } from "@sinclair/typebox";
import { check, err, isFault, type Result } from "../../../drivers/kit/index.ts";
import { encodeFrame, FrameReader, startWatchdog } from "../../ipc/index.ts";
import type { Assessment } from "./assess.ts";
import { visionFault } from "./profiles.ts";

/**
 * A process of its own that looks at pictures: codes and portraits. What decodes bytes from outside is here, apart from
 * devices and keys, and ends with its standard input. Frames as between all processes; one question at a time.
 */
const { values } = parseArgs({ options: { assets: { type: "string" } } });
/** Longest time one picture may hold the thread, ms; a small board takes about 2 s for a portrait. */
const watchdog = startWatchdog({ deadlineMs: 15_000 });

const QuestionSchema = Type.Object(
  {
    id: Type.Integer({ minimum: 0 }),
    ask: Type.Unsafe<"assess" | "read" | "warm">({ type: "string", enum: ["assess", "read", "warm"] }),
    profile: Type.Optional(Type.String({ maxLength: 32 })),
  },
  { additionalProperties: false },
);

type Assess = (jpeg: Uint8Array, profile: string) => Promise<Result<Assessment>>;
type Read = (jpeg: Uint8Array) => Promise<Result<string | undefined>>;
let assessor: Promise<Assess> | undefined;
let reader: Promise<Read> | undefined;

function assessing(): Promise<Assess> {
  assessor ??= Promise.all([import("./assess.ts"), import("./faces.ts")]).then(
    async ([{ assess }, { faceFinder }]) => {
      const find = await faceFinder(values.assets);
      return (jpeg, profile) => assess(jpeg, profile, find);
    },
  );
  return assessor;
}

function reading(): Promise<Read> {
  reader ??= import("./codes.ts").then(({ codeReader }) => codeReader(values.assets));
  return reader;
}

async function answer(head: unknown, jpeg: Uint8Array): Promise<Buffer> {
  const question = check(QuestionSchema, head, "vision question");
  if (!question.ok) throw question.error;
  const { id, ask, profile = "" } = question.value;
  const fault = (result: { ok: false; error: unknown }) =>
    encodeFrame(
      { id, fault: isFault(result.error) ? result.error.toJSON() : visionFault("failed").toJSON() },
      [],
    );
  try {
    if (ask === "warm") {
      await Promise.all([assessing(), reading()]);
      return encodeFrame({ id }, []);
    }
    if (ask === "read") {
      const text = await (await reading())(jpeg);
      return text.ok ? encodeFrame({ id, text: text.value }, []) : fault(text);
    }
    const assessed = await (await assessing())(jpeg, profile);
    if (!assessed.ok) return fault(assessed);
    const { cropped, ...verdict } = assessed.value;
    return encodeFrame({ id, ...verdict }, [cropped]);
  } catch (error) {
    return fault(err(error));
  }
}

let turn: Promise<unknown> = Promise.resolve();
const frames = new FrameReader((head, parts) => {
  const jpeg = Uint8Array.from(parts[0] ?? []);
  turn = turn
    .then(() => answer(JSON.parse(head), jpeg))
    .then((bytes) => process.stdout.write(bytes))
    .catch(() => process.exit(1));
});
process.stdin.on("data", (chunk: Buffer) => {
  if (!frames.push(chunk)) process.exit(1);
});
process.stdin.on("end", () => void watchdog.stop().then(() => process.exit(0)));
