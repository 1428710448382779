import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Static, Type } from "@sinclair/typebox";
import {
  type Clock,
  defineEvents,
  err,
  ok,
  parseJson,
  type Result,
  within,
} from "../../../drivers/kit/index.ts";
import { encodeFrame, FrameReader, faultFromJson, PhotoVerdictSchema } from "../../ipc/index.ts";
import type { Assessment } from "./assess.ts";
import { visionFault } from "./profiles.ts";

const log = defineEvents("vision", {
  started: { level: "debug", what: "The helper that looks at pictures was started", fields: ["pid"] },
  ended: {
    level: "debug",
    what: "The helper that looks at pictures ended; it is started anew when needed",
    fields: ["pid", "reason"],
  },
});

/** How the helper is started: a program and its arguments. */
export interface HelperCommand {
  file: string;
  args: string[];
}

const AnswerSchema = Type.Object({
  id: Type.Integer(),
  fault: Type.Optional(Type.Unknown()),
  text: Type.Optional(Type.String({ maxLength: 4_096 })),
  pass: Type.Optional(Type.Boolean()),
  verdicts: Type.Optional(Type.Array(PhotoVerdictSchema)),
});
type Answer = Static<typeof AnswerSchema> & { parts: Uint8Array[] };

/** Longest time for one picture, loading included, ms. */
const PICTURE_MS = 20_000;
const IDLE_MS = 60_000;

interface Running {
  child: ChildProcess;
  waiting: Map<number, (answer: Result<Answer>) => void>;
}

/** The core of the bundle lies beside its helper; from source it runs under tsx. */
export function visionCommand(): HelperCommand {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith(".ts")
    ? {
        file: process.execPath,
        args: ["--import", createRequire(here).resolve("tsx"), join(dirname(here), "helper.ts")],
      }
    : { file: process.execPath, args: [join(dirname(here), "vision.mjs")] };
}

/**
 * Codes and portraits, looked at in a process of its own: started with the first picture, killed after a minute without
 * one and after each visit, so that its memory holds nobody's face.
 */
export class Vision {
  readonly #command: HelperCommand;
  readonly #clock: Clock;
  #running: Running | undefined;
  #nextId = 0;
  #idle: AbortController | undefined;

  constructor(clock: Clock, command: HelperCommand = visionCommand()) {
    this.#clock = clock;
    this.#command = command;
  }

  /** Process id while the helper runs. */
  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Starts it and loads everything, so that the first picture is quick. */
  async warm(): Promise<void> {
    await this.#ask({ ask: "warm" });
  }

  /** The text of the code in the picture; undefined when there is none. Faults `vision.notAPicture`, `vision.failed`. */
  async read(jpeg: Uint8Array): Promise<Result<string | undefined>> {
    const answer = await this.#ask({ ask: "read" }, jpeg);
    return answer.ok ? ok(answer.value.text) : answer;
  }

  /** Judges a portrait by a profile. Faults `vision.unknownProfile`, `vision.notAPicture`, `vision.failed`. */
  async assess(jpeg: Uint8Array, profile: string): Promise<Result<Assessment>> {
    const answer = await this.#ask({ ask: "assess", profile }, jpeg);
    if (!answer.ok) return answer;
    const { pass = false, verdicts = [], parts } = answer.value;
    const cropped = Uint8Array.from(parts[0] ?? []);
    parts[0]?.fill(0);
    return ok({ pass, verdicts, cropped });
  }

  /** Ends the helper at once; what waits gets `vision.failed`. */
  kill(reason = "clear"): void {
    this.#idle?.abort();
    if (this.#running) this.#end(this.#running, reason);
  }

  async #ask(question: Record<string, string>, jpeg?: Uint8Array): Promise<Result<Answer>> {
    this.#idle?.abort();
    const running = this.#running ?? this.#start();
    const id = this.#nextId++;
    const answered = new Promise<Result<Answer>>((resolve) => running.waiting.set(id, resolve));
    const frame = encodeFrame({ id, ...question }, jpeg ? [jpeg] : []);
    // A copy of the picture, which the pipe holds until it is read or the helper ends.
    running.child.stdin?.write(frame, () => frame.fill(0));
    try {
      return await within(this.#clock, PICTURE_MS, answered, () => visionFault("failed"));
    } catch {
      this.#end(running, "overrun");
      return err(visionFault("failed"));
    } finally {
      running.waiting.delete(id);
      if (running.waiting.size === 0 && running === this.#running) this.#endWhenIdle(running);
    }
  }

  #start(): Running {
    const child = spawn(this.#command.file, this.#command.args, { stdio: ["pipe", "pipe", "ignore"] });
    const running: Running = { child, waiting: new Map() };
    this.#running = running;
    const frames = new FrameReader((head, parts) => {
      const answer = parseJson(AnswerSchema, head, "vision answer");
      if (!answer.ok) return this.#end(running, "badAnswer");
      const { id, fault } = answer.value;
      running.waiting.get(id)?.(fault ? err(faultFromJson(fault)) : ok({ ...answer.value, parts }));
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      if (!frames.push(chunk)) this.#end(running, "badFrame");
    });
    child.stdin?.on("error", () => this.#end(running, "gone"));
    child.on("error", () => this.#end(running, "cannotStart"));
    child.on("exit", () => this.#end(running, "exit"));
    log("started", { pid: child.pid });
    return running;
  }

  #end(running: Running, reason: string): void {
    if (this.#running === running) {
      this.#running = undefined;
      log("ended", { pid: running.child.pid, reason });
    }
    running.child.kill("SIGKILL");
    for (const settle of running.waiting.values()) settle(err(visionFault("failed")));
    running.waiting.clear();
  }

  #endWhenIdle(running: Running): void {
    const idle = new AbortController();
    this.#idle = idle;
    void this.#clock.sleep(IDLE_MS, idle.signal).then(() => {
      if (!idle.signal.aborted) this.#end(running, "idle");
    });
  }
}
