import type { ReplyFault, TransferFault, WireFault } from "../bench/faults/index.ts";
import type { FaultName } from "./entry.ts";
import type { AnyEntry, Rig } from "./rig.ts";

/** What a verb must come to under a fault: `succeeds` where no byte is lost, `fails` where no answer can come. */
export type Expectation = "succeeds" | "fails" | "honest";

/** One fault at one place of one exchange. */
export interface Case {
  fault: FaultName;
  /** Where, in words: `reply 2 of 5, byte 3`. */
  where: string;
  expect: Expectation;
  arm(rig: Rig): void;
}

/** What a clean run looked like on the wire. */
export interface Recording {
  replies: readonly Uint8Array[];
  requests: number;
  transfers: readonly ("read" | "write")[];
}

/** How many replies of an exchange and bytes of a reply are tried at most. */
export interface Depth {
  replies: number;
  bytes: number;
  /** How late a reply may be, ms; default from within a driver's patience to long after it. */
  lateMs?: readonly number[];
}
export const QUICK: Depth = { replies: 3, bytes: 4 };
export const FULL: Depth = { replies: 12, bytes: 24 };

/** Up to `count` of the numbers below `length`: all, or the first ones, the last and some between. */
export function sample(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  const first = Math.ceil(count / 2);
  const rest = count - first;
  const step = (length - 1 - first) / Math.max(1, rest - 1);
  const picked = new Set(Array.from({ length: first }, (_, i) => i));
  for (let i = 0; i < rest; i++) picked.add(Math.round(length - 1 - i * step));
  return [...picked].sort((a, b) => a - b);
}

/** After its time, and long after: within a driver's patience, behind it, and during the next command, ms. */
const LATE_MS = [60, 400, 1_200, 3_000];
const NOISE = [Uint8Array.of(0x55), Uint8Array.of(0x00, 0xff, 0x55, 0x00)];

/** Every case that fits what was seen on the wire of a clean run. */
export function casesFor(entry: AnyEntry, seen: Recording, depth: Depth): Case[] {
  const all = [...serialCases(entry, seen, depth), ...busCases(entry, seen, depth)];
  return all.filter(({ fault }) => !entry.exempt?.[fault]);
}

function serialCases(entry: AnyEntry, { replies, requests }: Recording, depth: Depth): Case[] {
  const cases: Case[] = [];
  const total = replies.length;
  if (total > 0) {
    const silent: WireFault = { what: { fault: "noReply" }, from: 0, times: Number.POSITIVE_INFINITY };
    cases.push(
      {
        fault: "silence",
        where: "from the first reply on",
        expect: "fails",
        arm: ({ line }) => line.arm(silent),
      },
      {
        fault: "badChecksum",
        where: "in every reply",
        expect: "fails",
        arm: ({ line }) => line.arm({ ...silent, what: { fault: "badChecksum" } }),
      },
    );
  }
  for (const index of sample(total, depth.replies)) {
    const reply = replies[index] ?? new Uint8Array();
    cases.push(...replyCases(entry, reply, index, total, depth));
  }
  for (const index of sample(requests, depth.replies)) {
    const at = (what: WireFault["what"]): WireFault => ({ what, from: index, times: 1 });
    const where = `request ${index + 1} of ${requests}`;
    cases.push(
      { fault: "echo", where, expect: "honest", arm: ({ line }) => line.arm(at({ fault: "echo" })) },
      {
        fault: "unplugBefore",
        where,
        expect: "honest",
        arm: (rig) => rig.line.arm(at({ fault: "requestEvent", happens: () => rig.unplug() })),
      },
    );
  }
  return cases;
}

function replyCases(entry: AnyEntry, reply: Uint8Array, index: number, total: number, depth: Depth): Case[] {
  const where = `reply ${index + 1} of ${total}`;
  const once = (fault: FaultName, what: ReplyFault, expect: Expectation = "honest", more = ""): Case => ({
    fault,
    where: where + more,
    expect,
    arm: ({ line }) => line.arm({ what, from: index, times: 1 }),
  });
  const event = (fault: FaultName, happens: (rig: Rig) => void): Case => ({
    fault,
    where,
    expect: "honest",
    arm: (rig) =>
      rig.line.arm({ what: { fault: "event", happens: () => happens(rig) }, from: index, times: 1 }),
  });
  const inside = sample(Math.max(0, reply.length - 1), depth.bytes).map((i) => i + 1);
  const { nak, otherAddress } = entry.wire ?? {};
  return [
    once("noReply", { fault: "noReply" }),
    ...(depth.lateMs ?? LATE_MS).map((lateMs) =>
      once("lateReply", { fault: "lateReply", lateMs }, "honest", `, by ${lateMs} ms`),
    ),
    once("duplicateReply", { fault: "duplicateReply" }),
    once("badChecksum", { fault: "badChecksum" }),
    ...sample(reply.length, depth.bytes).map((at) =>
      once("flippedBit", { fault: "flippedBit", at, bit: (at + index) % 8 }, "honest", `, byte ${at}`),
    ),
    ...inside.map((at) => once("truncated", { fault: "truncated", at }, "honest", ` after byte ${at}`)),
    ...inside.map((at) => once("split", { fault: "split", at }, "succeeds", ` after byte ${at}`)),
    once("split", { fault: "bytewise" }, "succeeds", ", byte by byte"),
    once("merged", { fault: "merged" }, "succeeds", " with the next"),
    ...NOISE.map((garbage) =>
      once("garbageBefore", { fault: "garbageBefore", garbage }, "succeeds", ", noise"),
    ),
    ...inside
      .slice(0, 3)
      .map((at) =>
        once(
          "garbageBefore",
          { fault: "garbageBefore", garbage: reply.subarray(0, at) },
          "honest",
          ", a torn frame",
        ),
      ),
    ...(nak ? [once("nak", { fault: "replaced", by: nak })] : []),
    ...(otherAddress ? [once("otherAddress", { fault: "replaced", by: otherAddress })] : []),
    ...(entry.reset ? [event("resetMidCommand", (rig) => entry.reset?.(rig.sim))] : []),
    event("unplugMidCommand", (rig) => rig.unplug()),
  ];
}

function busCases(entry: AnyEntry, { transfers }: Recording, depth: Depth): Case[] {
  const cases: Case[] = [];
  const forever = Number.POSITIVE_INFINITY;
  if (transfers.length > 0) {
    cases.push({
      fault: "silence",
      where: "from the first transfer on",
      expect: "fails",
      arm: ({ bus }) => bus.arm("noAcknowledge", 0, forever),
    });
  }
  for (const index of sample(transfers.length, depth.replies * 2)) {
    const where = `transfer ${index + 1} of ${transfers.length}`;
    const read = transfers[index] === "read";
    const once = (fault: TransferFault & FaultName, times = 1): Case => ({
      fault,
      where: times === 1 ? where : `${where} and every one after`,
      expect: "honest",
      arm: ({ bus }) => bus.arm(fault, index, times),
    });
    const event = (fault: FaultName, happens: (rig: Rig) => void): Case => ({
      fault,
      where,
      expect: "honest",
      arm: (rig) => rig.bus.arm({ happens: () => happens(rig) }, index, 1),
    });
    cases.push(once("noAcknowledge"), once("noAcknowledge", forever));
    if (read) {
      for (const fault of ["shortRead", "allOnes", "allZeros"] as const)
        cases.push(once(fault), once(fault, forever));
    }
    if (entry.reset) cases.push(event("resetMidCommand", (rig) => entry.reset?.(rig.sim)));
    cases.push(event("unplugMidCommand", (rig) => rig.unplug()));
  }
  return cases;
}
