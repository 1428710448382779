import { newId } from "../../drivers/kit/index.ts";
import { newSigningKey } from "../../fleet/contract/index.ts";
import { encodeFrame, vaultMethods } from "../../runtime/ipc/index.ts";
import type { Papers } from "../support/vault-papers.ts";

/** Everything that a core has seen pass: papers that were used, and what cannot be helped to be known. */
export interface Loot {
  spent: { command: string; voucher: string; challenge: string; attestation: string }[];
  credentials: string[];
  exchanges: string[];
  items: string[];
  slots: string[];
}

/** One thing that hostile code sends. `raw` goes to a connection of its own. */
export type Attack =
  | { kind: string; method: string; body: unknown; harmless: boolean }
  | { kind: string; raw: Uint8Array };

type Random = () => number;

const HARMLESS = new Set(["status", "collect.outcome", "journal.read"]);
const METHODS = Object.keys(vaultMethods);
const FIELDS = [
  "voucher",
  "challenge",
  "command",
  "credentials",
  "exchange",
  "item",
  "slot",
  "settlement",
  "after",
];
const HOUR = 3_600;

/** Makes attacks from a seeded generator; `over` of papers reaches further than a run lasts. */
export function attacker(papers: Papers, loot: Loot, random: Random): () => Attack {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const text = (length: number) =>
    Array.from({ length }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join("");
  const now = () => Math.floor(Date.now() / 1000);
  const later = () => now() + 1_000 * HOUR;
  const ownVoucherKey = newSigningKey("voucher");
  const ownSenses = newSigningKey("senses");
  const ask = (kind: string, method: string, body: unknown): Attack => ({
    kind,
    method,
    body,
    harmless: HARMLESS.has(method),
  });
  const command = () => `hostile-${newId()}`;
  const good = () => papers.voucher(pick(loot.items), { exp: later(), seq: 1_000_000 });

  /** The same document with something of it changed, its signature kept. */
  function altered(jws: string): string {
    const bytes = Buffer.from(jws);
    const at = Math.floor(random() * bytes.length);
    const before = bytes[at] ?? 0;
    do bytes[at] = 45 + Math.floor(random() * 77);
    while (bytes[at] === before || isSameDocument(jws, bytes.toString("latin1")));
    return bytes.toString("latin1");
  }

  function badVoucher(): string {
    const item = pick(loot.items);
    switch (Math.floor(random() * 8)) {
      case 0:
        return papers.voucher(item, { exp: now() - 1 });
      case 1:
        return papers.voucher(item, { nbf: later(), exp: later() + HOUR });
      case 2:
        return papers.voucher(item, { unit: "kt-02", exp: later() });
      case 3:
        return papers.voucher(item, { exp: later() }, ownVoucherKey);
      case 4:
        return papers.assignment(item);
      case 5:
        return pick(loot.spent)?.voucher ?? text(60);
      case 6:
        return text(20 + Math.floor(random() * 200));
      default:
        return altered(good());
    }
  }

  function proof(voucher: string, challenge: string): Record<string, unknown> {
    const other = good();
    switch (Math.floor(random() * 7)) {
      case 0:
        return {};
      case 1:
        return { attestation: papers.attest(voucher, challenge, ownSenses) };
      case 2:
        return { attestation: papers.attest(other, challenge) };
      case 3:
        return { attestation: altered(papers.attest(voucher, `${challenge}x`)) };
      case 4:
        return { release: papers.attest(voucher, challenge) };
      case 5:
        return { attestation: voucher, release: voucher };
      default:
        return { attestation: pick(loot.spent)?.attestation ?? text(60) };
    }
  }

  const randomValue = (): unknown =>
    pick([
      null,
      true,
      -1,
      1e300,
      "",
      text(12),
      [],
      [text(30)],
      { a: 1 },
      "x".repeat(70_000),
      good(),
      text(64),
    ]);

  const KINDS: Record<string, () => Attack> = {
    "wrong shape": () =>
      ask(
        "wrong shape",
        pick(METHODS),
        Object.fromEntries(FIELDS.slice(Math.floor(random() * 9)).map((name) => [name, randomValue()])),
      ),
    "no such method": () =>
      ask("no such method", pick(["unlock", "constructor", "__proto__", "toString", text(20)]), {}),
    "bad voucher, begin": () => ask("bad voucher, begin", "collect.begin", { voucher: badVoucher() }),
    "bad voucher, release": () => {
      const voucher = badVoucher();
      const { challenge = "B".repeat(22) } = pick(loot.spent) ?? {};
      return ask("bad voucher, release", "collect.release", {
        command: command(),
        voucher,
        challenge,
        attestation: papers.attest(voucher, challenge),
      });
    },
    "good voucher, no challenge": () => {
      const voucher = good();
      const challenge = pick([pick(loot.spent)?.challenge ?? "B".repeat(22), "C".repeat(22)]);
      return ask("good voucher, no challenge", "collect.release", {
        command: command(),
        voucher,
        challenge,
        attestation: papers.attest(voucher, challenge),
      });
    },
    "bad proof": () => {
      const voucher = good();
      const challenge = pick(loot.spent)?.challenge ?? "B".repeat(22);
      return ask("bad proof", "collect.release", {
        command: command(),
        voucher,
        challenge,
        ...proof(voucher, challenge),
      });
    },
    "replayed whole": () =>
      ({
        ...ask("replayed whole", "collect.release", pick(loot.spent) ?? {}),
        harmless: loot.spent.length > 0,
      }) as Attack,
    "replayed, other command": () =>
      ask("replayed, other command", "collect.release", { ...pick(loot.spent), command: command() }),
    "replayed, other contents": () =>
      ask("replayed, other contents", "collect.release", {
        ...pick(loot.spent),
        attestation: papers.attest(good(), "D".repeat(22)),
      }),
    "staff without staff": () => {
      const exchange = pick([...loot.exchanges, text(20)]);
      const item = pick(loot.items);
      return pick([
        () => ask("staff without staff", "exchange.unload", { exchange, slot: pick(loot.slots) }),
        () =>
          ask("staff without staff", "exchange.load", {
            exchange,
            item,
            assignment: papers.assignment(item, { exp: later() }),
          }),
        () => ask("staff without staff", "exchange.end", { exchange }),
        () =>
          ask("staff without staff", "exchange.begin", {
            credentials: [pick(loot.credentials) ?? good(), pick(loot.credentials) ?? good()],
          }),
        () =>
          ask("staff without staff", "exchange.begin", {
            credentials: [good(), altered(pick(loot.credentials) ?? good())],
          }),
      ])();
    },
    "false finding": () => {
      const settlement = papers.settlement(
        pick(loot.slots),
        newId(),
        pick(["taken", "notMoved", "removed"] as const),
        { exp: later() },
      );
      return ask("false finding", "settle", {
        settlement: random() < 0.5 ? altered(settlement) : settlement,
      });
    },
    questions: () =>
      ask(
        "questions",
        pick(["status", "journal.read", "collect.outcome"]),
        pick<unknown>([{}, { after: 0 }, { command: command() }]),
      ),
    "no frame": () => ({
      kind: "no frame",
      raw: Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.floor(random() * 256)),
      ),
    }),
    "no message": () => ({
      kind: "no message",
      raw: encodeFrame(
        pick<unknown>([
          { t: "z", id: 1 },
          { t: "e", name: text(5), body: {} },
          { t: "q", name: "collect.release", body: {} },
          { t: "a", id: 7, body: {} },
          [],
          7,
          null,
        ]),
        [],
      ),
    }),
    "torn frame": () => {
      const whole = encodeFrame({ t: "q", id: 1, name: "collect.begin", body: { voucher: good() } }, []);
      const at = Math.floor(random() * whole.length);
      return { kind: "torn frame", raw: whole.subarray(0, at) };
    },
  };
  const names = Object.keys(KINDS);
  return () => (KINDS[pick(names)] as () => Attack)();
}

/** Base64url has spare bits at the end of a part: a change of those alone is the same document. */
function isSameDocument(a: string, b: string): boolean {
  const [x, y] = [a.split("."), b.split(".")];
  return (
    x.length === y.length &&
    x.every((part, i) => Buffer.from(part, "base64url").equals(Buffer.from(y[i] ?? "", "base64url")))
  );
}
