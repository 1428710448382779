import type { DeviceStatus } from "../../../drivers/contract/index.ts";
import type { Fault } from "../../../drivers/kit/index.ts";

/** Where the command writes: the terminal, or a test. */
export interface Out {
  line(text: string): void;
  trouble(text: string): void;
}

/** What a technician is asked to do in a test. */
const STEPS: Readonly<Record<string, string>> = {
  "finger.place": "Lay a finger onto the sensor now.",
  "finger.lift": "Lift the finger.",
};
export const stepWords = (step: string): string => STEPS[step] ?? `Please do: ${step}`;

export function tellFault(out: Out, fault: Fault, json: boolean): void {
  if (json) return out.line(JSON.stringify({ error: fault.toJSON() }));
  const fields = Object.entries(fault.fields).map(([name, value]) => `${name} ${String(value)}`);
  out.trouble(`${fault.code}: ${fault.row.what}${fields.length > 0 ? ` (${fields.join(", ")})` : ""}.`);
  out.trouble(`  ${fault.row.todo}.`);
}

export const timeOf = (wall: number): string => new Date(wall).toISOString().slice(11, 23);

export const seconds = (ms: number): string =>
  ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;

/** How a device stands, in one line or three. */
export function statusLines(status: DeviceStatus, wires: readonly string[], wall: number): string[] {
  const { role, driver, lifecycle, fitness, identity, health } = status;
  const who = identity
    ? [
        identity.model,
        identity.serial && `serial ${identity.serial}`,
        identity.firmware && `firmware ${identity.firmware}`,
      ]
        .filter(Boolean)
        .join(", ")
    : "not identified";
  const lines = [`${role.padEnd(20)} ${status.class.padEnd(12)} ${lifecycle.padEnd(12)} ${fitness.state}`];
  lines.push(`    ${driver}: ${who}${wires.length > 0 ? `; ${wires.join(", ")}` : ""}`);
  if (fitness.state !== "ok")
    lines.push(
      `    ${fitness.code ?? "unknown"} (${fitness.cause ?? "unknown"}) since ${timeOf(fitness.since)}; ${fitness.remedy ?? ""}: ${fitness.todo ?? ""}`,
    );
  if (!health) return lines;
  const { lastSuccess, latency, queueDepth, consecutiveFailures, reconnects, resets, fault } = health;
  const figures = [
    lastSuccess === undefined ? "never answered" : `answered ${seconds(wall - lastSuccess)} ago`,
    ...(latency
      ? [`p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms of ${latency.count} commands`]
      : []),
    ...(queueDepth > 0 ? [`${queueDepth} waiting`] : []),
    ...(consecutiveFailures > 0 ? [`${consecutiveFailures} failures in a row`] : []),
    `${reconnects} reconnects, ${resets} resets`,
    ...(fault ? [`last fault ${fault.code}, ${fault.count} times, ${timeOf(fault.last)}`] : []),
    ...Object.entries(health.selfTests).map(
      ([level, test]) => `${level} test ${test.passed ? "passed" : "failed"} ${timeOf(test.at)}`,
    ),
  ];
  lines.push(`    ${figures.join("; ")}`);
  return lines;
}
