import { parseArgs } from "node:util";
import type {
  DeviceEvent,
  DeviceStatus,
  Resync,
  SelfTestLevel,
  SelfTestRecord,
} from "../../../drivers/contract/index.ts";
import { err, type Fault, ok, type Result } from "../../../drivers/kit/index.ts";
import { diagnosticFault } from "../messages.ts";
import { frameLine } from "./frames.ts";
import { connectUnit, devicesOf, type Side, sideOf, type Unit } from "./unit.ts";
import { UPKEEP_USAGE } from "./upkeep.ts";
import { type Out, statusLines, stepWords, tellFault, timeOf } from "./words.ts";

export const USAGE = `guichet devices list                        every device, how it stands and what to do
guichet devices watch [ROLE...]              what happens to them, until Ctrl-C
guichet devices test ROLE [--internal]       a device tests itself; moves nothing
                          [--external|--interactive]  takes it out of service meanwhile
guichet devices capture ROLE [--seconds N]   raw frames in hex, 10 s; nothing of a person
                             [--past]        what was said before, too
${UPKEEP_USAGE}

  --state DIR   state folder of the unit (default $GUICHET_STATE or /var/lib/guichet)
  --json        one JSON object a line`;

const OPTIONS = {
  state: { type: "string" },
  json: { type: "boolean" },
  seconds: { type: "string" },
  past: { type: "boolean" },
  internal: { type: "boolean" },
  external: { type: "boolean" },
  interactive: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const WAIT_MS = 1_000;

interface Asked {
  unit: Unit;
  out: Out;
  json: boolean;
  /** Aborted by Ctrl-C. */
  stop: AbortSignal;
}

/** Runs one command line, without `node` and the script; answers the exit code: 0, 1 for a fault, 2 for wrong usage. */
export async function runCommand(argv: readonly string[], out: Out, stop: AbortSignal): Promise<number> {
  let parsed: ReturnType<
    typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true; args: string[] }>
  >;
  try {
    parsed = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    out.trouble(USAGE);
    tellFault(out, diagnosticFault("usage", {}, error), false);
    return 2;
  }
  const { values, positionals } = parsed;
  const json = values.json === true;
  if (values.help) {
    out.line(USAGE);
    return 0;
  }
  const failed = (fault: Fault): number => {
    if (fault.code === "diagnostic.usage" && !json) out.trouble(USAGE);
    tellFault(out, fault, json);
    return fault.code === "diagnostic.usage" ? 2 : 1;
  };
  const [word, command = "", ...roles] = positionals;
  const run = word === "devices" ? commandOf(command, roles, values) : undefined;
  if (!run) return failed(diagnosticFault("usage"));
  const unit = await connectUnit(values.state ?? process.env.GUICHET_STATE ?? "/var/lib/guichet");
  if (!unit.ok) return failed(unit.error);
  try {
    const done = await run({ unit: unit.value, out, json, stop });
    return done.ok ? done.value : failed(done.error);
  } finally {
    for (const side of unit.value.sides) side.close();
  }
}

type Run = (asked: Asked) => Promise<Result<number>>;

function commandOf(
  command: string,
  roles: string[],
  values: { seconds?: string | undefined; past?: boolean | undefined } & Partial<
    Record<SelfTestLevel, boolean | undefined>
  >,
): Run | undefined {
  const [role] = roles;
  const seconds = values.seconds === undefined ? 10 : Number(values.seconds);
  const levels = (["internal", "external", "interactive"] as const).filter((level) => values[level]);
  if (command === "list" && !role) return list;
  if (command === "watch") return (asked) => watch(asked, roles);
  if (!role || roles.length > 1) return undefined;
  if (command === "test" && levels.length <= 1) return (asked) => test(asked, role, levels[0] ?? "internal");
  if (command === "capture" && seconds > 0)
    return (asked) => capture(asked, role, seconds * 1_000, values.past === true);
  return undefined;
}

async function list({ unit, out, json }: Asked): Promise<Result<number>> {
  const devices = await devicesOf(unit);
  if (!devices.ok) return devices;
  for (const { side, device, wall } of devices.value) {
    const { status, wires } = device;
    if (json) out.line(JSON.stringify({ process: side.name, wires, ...status }));
    else for (const line of statusLines(status, wires, wall)) out.line(line);
  }
  for (const { name, fault } of unit.missing) {
    if (json) out.line(JSON.stringify({ process: name, error: fault.toJSON() }));
    else out.trouble(`The ${name} cannot be asked: ${fault.row.what} (${fault.code}).`);
  }
  return ok(0);
}

async function watch({ unit, out, json, stop }: Asked, roles: string[]): Promise<Result<number>> {
  const known = await devicesOf(unit);
  if (!known.ok) return known;
  for (const role of roles)
    if (!known.value.some(({ device }) => device.status.role === role))
      return err(diagnosticFault("unknownRole", { role }));
  const follow = async (side: Side): Promise<Result<number>> => {
    const begun = await side.ask("diagnostic.watch", roles.length > 0 ? { roles } : {});
    if (!begun.ok) return begun;
    while (!stop.aborted) {
      const answer = await side.ask("diagnostic.events", { waitMs: WAIT_MS });
      if (!answer.ok) return answer;
      for (const event of answer.value.events) {
        if (json) out.line(JSON.stringify(event));
        else out.line(eventLine(event));
      }
    }
    return ok(0);
  };
  const ends = await Promise.all(unit.sides.map(follow));
  return ends.find((end) => !end.ok) ?? ok(0);
}

const fieldWords = (fields: DeviceEvent["fields"]): string[] =>
  Object.entries(fields).map(([name, value]) => {
    const wall = (name === "first" || name === "last") && typeof value === "number";
    return `${name} ${wall ? timeOf(value) : String(value)}`;
  });

function statusWords({ lifecycle, fitness, identity }: Partial<DeviceStatus>): string[] {
  const words: string[] = [];
  if (lifecycle) words.push(lifecycle);
  if (fitness) words.push([fitness.state, fitness.code, fitness.todo].filter(Boolean).join(": "));
  if (identity) words.push(identity.model);
  return words;
}

function eventLine(event: DeviceEvent | Resync): string {
  const { role, name, sequence, boot } = event;
  const head = `${role.padEnd(18)} #${String(sequence).padEnd(5)} ${name}`;
  const from = `boot ${boot.slice(-6)}`;
  if ("snapshot" in event) {
    const { lifecycle, fitness } = event.snapshot;
    return `              ${head}: ${event.dropped} events came too fast and are lost; it stands at ${lifecycle}, ${fitness.state} (${from})`;
  }
  const words = [...fieldWords(event.fields), ...statusWords(event.status ?? {})];
  return `${timeOf(event.wall)}  ${head}  ${words.join(", ")}  (${from}, ${(event.mono / 1_000).toFixed(3)} s up)`;
}

async function test({ unit, out, json }: Asked, role: string, level: SelfTestLevel): Promise<Result<number>> {
  const found = await sideOf(unit, role);
  if (!found.ok) return found;
  const { side } = found.value;
  let over = false;
  const testing = side.ask("diagnostic.test", { role, level }).finally(() => {
    over = true;
  });
  while (!over) {
    const answer = await side.ask("diagnostic.events", { waitMs: level === "internal" ? 50 : 300 });
    if (!answer.ok) break;
    for (const { step } of answer.value.asks)
      out.line(json ? JSON.stringify({ role, ask: step }) : stepWords(step));
  }
  const tested = await testing;
  if (!tested.ok) return tested;
  const { record } = tested.value;
  if (json) out.line(JSON.stringify({ role, level, ...record }));
  else for (const line of testLines(role, level, record)) out.line(line);
  return ok(record.passed ? 0 : 1);
}

function testLines(role: string, level: SelfTestLevel, record: SelfTestRecord): string[] {
  const { passed, findings, code } = record;
  const verdict = passed ? "passed" : code ? `could not be done (${code})` : "failed";
  return [
    `${role}, ${level} test: ${verdict}. Nothing was moved.`,
    ...findings.map(({ name, passed: good, value, unit }) => {
      const figure = value === undefined ? "" : ` ${value}${unit && unit !== "1" ? ` ${unit}` : ""}`;
      return `  ${good ? "good" : "BAD "}  ${name}${figure}`;
    }),
  ];
}

async function capture(
  { unit, out, json, stop }: Asked,
  role: string,
  ms: number,
  past: boolean,
): Promise<Result<number>> {
  const found = await sideOf(unit, role);
  if (!found.ok) return found;
  const { side } = found.value;
  const end = performance.now() + ms;
  let after = past ? 0 : -1;
  let frames = 0;
  for (let left = ms; left > 0 && !stop.aborted; left = end - performance.now()) {
    const waitMs = Math.max(0, Math.min(WAIT_MS, Math.round(left)));
    const answer = await side.ask("diagnostic.frames", { role, after, waitMs });
    if (!answer.ok) return answer;
    const { last, missed, wires } = answer.value;
    if (missed && after > 0) out.trouble("Some frames in between were too fast and are lost.");
    for (const frame of answer.value.frames) {
      frames++;
      if (json) out.line(JSON.stringify(frame));
      else out.line(frameLine(frame, wires));
    }
    after = last;
  }
  if (frames === 0 && !json) out.trouble(`Nothing was said on the wire of ${role} meanwhile.`);
  return ok(0);
}
