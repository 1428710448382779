import { timeOf } from "./words.ts";

interface Frame {
  sequence: number;
  wall: number;
  mono: number;
  entry: Record<string, unknown>;
}

const WHY: Readonly<Record<string, string>> = {
  biometric: "of a finger, not shown",
  image: "picture, not shown",
  print: "printed, not shown",
  item: "number of an item, not shown",
  unreadable: "not to be told from something private, not shown",
};

/** One line for what was said or happened: time, wire, direction, bytes. */
export function frameLine({ wall, entry }: Frame, wires: readonly string[]): string {
  const { line, from, hex, hidden, length, event, call, answer, code, status, fitness } = entry;
  const where = wires.length > 1 && typeof line === "number" ? ` ${wires[line] ?? line}` : "";
  const head = `${timeOf(wall)}${where}`;
  const arrow = from === "host" ? "host > device" : "device > host";
  if (typeof hex === "string")
    return `${head}  ${arrow}  ${(hex.match(/../g) ?? []).join(" ").toUpperCase()}`;
  if (hidden !== undefined)
    return `${head}  ${arrow}  [${String(length)} bytes ${WHY[String(hidden)] ?? "not shown"}]`;
  if (call !== undefined) {
    const given = (entry.with as unknown[]).filter((one) => one !== null && JSON.stringify(one) !== "{}");
    return `${head}  -- ${String(call)} begins ${given.map((one) => JSON.stringify(one)).join(" ")} (#${String(entry.id)})`;
  }
  if (answer !== undefined) return `${head}  -- #${String(answer)} ends: ${String(code)}`;
  if (status !== undefined)
    return `${head}  -- ${String(status)}, ${String(fitness)}${code === undefined ? "" : `, ${String(code)}`}`;
  return `${head}  -- ${String(event)}`;
}
