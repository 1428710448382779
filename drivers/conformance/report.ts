import type { FaultName } from "./entry.ts";
import type { Report } from "./suite.ts";

/** What each fault is, for somebody who has never seen a wire. */
export const FAULT_WORDS: Record<FaultName, string> = {
  noReply: "one reply is lost",
  lateReply: "a reply comes late",
  duplicateReply: "a reply comes twice",
  nak: "the device refuses",
  badChecksum: "the checksum is wrong",
  flippedBit: "one bit is flipped",
  truncated: "a reply is torn off",
  split: "a reply comes in pieces",
  merged: "two replies come as one",
  garbageBefore: "noise before a reply",
  otherAddress: "another device answers",
  echo: "the adapter echoes",
  noAcknowledge: "nobody acknowledges",
  shortRead: "a read ends early",
  allOnes: "the line reads all ones",
  allZeros: "the line reads all zeros",
  resetMidCommand: "the device restarts in the middle",
  unplugBefore: "the cable is out before the command",
  unplugMidCommand: "the cable is pulled in the middle",
  replugElsewhere: "plugged in under another name",
  stuckSensor: "a sensor lies",
  cancel: "it is cancelled, or nobody comes",
  silence: "the device falls silent",
};

/** The whole report in plain words, a line each. */
export function sentences(report: Report): string[] {
  const { driver, verbs, cases, findings, tried, exempt } = report;
  const lines = [
    `${driver}: ${verbs.map(({ name, kind }) => `${name} (${kind})`).join(", ")}`,
    `${cases} cases. Faults tried: ${listed(tried) || "none"}.`,
  ];
  for (const [fault, why] of Object.entries(exempt))
    lines.push(`Not tried: ${wordsOf(fault)}, because ${why}.`);
  for (const { trial, fault, where, said } of findings) {
    const when = fault === "none" ? where || "with nothing wrong" : `${wordsOf(fault)}, ${where}`;
    lines.push(`WRONG: ${trial}, when ${when}: ${said}.`);
  }
  lines.push(findings.length === 0 ? "It conforms." : `It does not conform: ${findings.length} findings.`);
  return lines;
}

const wordsOf = (fault: string): string => FAULT_WORDS[fault as FaultName] ?? fault;

const listed = (tried: Record<string, number>): string =>
  Object.entries(tried)
    .map(([fault, count]) => `${wordsOf(fault)} ${count}×`)
    .join(", ");

/** docs/devices.md as it stands after these runs. */
export function devicesPage(reports: readonly Report[], date: string): string {
  const rows = reports.map(({ driver, class: of, verbs, grade, evidence, tried, cases, findings }) => {
    const faults = Object.values(tried).reduce((a, b) => a + b, 0);
    return [
      `\`${driver}\``,
      of,
      verbs.map(({ name, kind }) => `${name} (${kind})`).join(", "),
      grade || "–",
      evidence.join(", ") || "–",
      `${faults} of ${Object.keys(tried).length} kinds`,
      findings.length === 0 ? `conforms (${cases} cases)` : `**${findings.length} findings**`,
    ].join(" | ");
  });
  return `# Devices

Written by \`make docs-devices\`, which runs the conformance suite on every driver with its simulator (${date}). A driver that is
not in this table is not in the registry. On real hardware: \`make conform DEVICE=lock.kerong PORT=/dev/serial/by-id/…\`.

| driver | class | verbs (kind) | grade | evidence | faults tried | result |
|---|---|---|---|---|---|---|
${rows.map((row) => `| ${row} |`).join("\n")}

What each driver was put through, and what does not apply to it:

${reports.map(detail).join("\n")}`;
}

function detail(report: Report): string {
  const lines = [`## ${report.driver}`, "", `Tried: ${listed(report.tried) || "no fault fits its port"}.`];
  const exempt = Object.entries(report.exempt);
  if (exempt.length > 0)
    lines.push("", ...exempt.map(([fault, why]) => `- not tried: ${wordsOf(fault)}: ${why}`));
  if (report.findings.length > 0)
    lines.push(
      "",
      ...report.findings.map(
        ({ trial, fault, where, said }) => `- **${trial}**, ${fault}, ${where}: ${said}`,
      ),
    );
  return `${lines.join("\n")}\n`;
}
