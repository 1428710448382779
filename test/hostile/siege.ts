import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Fault, Mutex, type Result } from "../../drivers/kit/index.ts";
import type { Handover } from "../../runtime/ipc/index.ts";
import { seeded } from "../crash/replay/random.ts";
import { unitConfiguration } from "../support/unit.ts";
import { connectVault, untilServing, type VaultClient } from "../support/vault-client.ts";
import { makePapers } from "../support/vault-papers.ts";
import { type Attack, attacker, type Loot } from "./messages.ts";
import type { Count, Order, Setup } from "./vault-process.ts";

const BOARDS = 4;
const SLOTS = 4;
/** The core's own requests go on beside this many that hostile code has under way. */
const FLOOD = 24;
const LIFE = 1_000 * 3_600;

export interface SiegeResult {
  /** Messages by kind, and how many of them were answered with anything but a refusal. */
  attacks: Record<string, number>;
  messages: number;
  /** Requests of a core that does its work, and those that did not do what they should. */
  valid: number;
  handovers: number;
  failures: string[];
  refusals: Record<string, number>;
}

/**
 * Sends `messages` hostile messages to a vault in a process of its own over its socket, and `valid` requests of an honest
 * core among them. What moves is counted by the plant, behind every door of software.
 */
export async function siege(messages: number, valid: number, seed: number): Promise<SiegeResult> {
  const random = seeded(seed);
  const state = mkdtempSync(join(tmpdir(), "guichet-siege-"));
  const papers = makePapers("kt-01");
  const roles = Array.from({ length: BOARDS }, (_, i) => `lock.b${i}`);
  const slots = Array.from({ length: BOARDS * SLOTS }, (_, i) => String(i + 1).padStart(2, "0"));
  const items = slots.map((_, i) => `ITEM-${i + 1}`);
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: Object.values(papers.keys).map((key) => key.public),
      sealTo: [{ kid: "seal-1", x: "A".repeat(43) }],
    },
    devices: roles.map((role, board) => ({
      role,
      driver: "lock.kerong" as const,
      port: { path: `/dev/${role}`, baudRate: 19_200 },
      board,
      compartments: SLOTS,
      lockedBit: 1 as const,
      itemBit: 1 as const,
      pulseMs: 200,
    })),
    slots: slots.map((slot, i) => ({
      slot,
      lock: roles[Math.floor(i / SLOTS)] ?? "",
      compartment: i % SLOTS,
    })),
  });
  const setup: Setup = { state, configuration, sensesKey: papers.senses.public };
  const child = fork("test/hostile/vault-process.ts", [JSON.stringify(setup)], {
    execArgv: ["--import", "tsx"],
  });
  const result: SiegeResult = {
    attacks: {},
    messages: 0,
    valid: 0,
    handovers: 0,
    failures: [],
    refusals: {},
  };
  const fail = (what: string) => void (result.failures.length < 20 && result.failures.push(what));
  child.once("exit", (code) => fail(`the vault ended with ${code}`));
  const loot: Loot = { spent: [], credentials: [], exchanges: [], items, slots };
  const attack = attacker(papers, loot, random);
  const expected = new Map<string, number>();
  const moved = (slot: string) => expected.set(slot, (expected.get(slot) ?? 0) + 1);
  const now = () => Math.floor(Date.now() / 1000);
  const dated = () => ({ exp: now() + LIFE });
  let number = 0;

  const path = join(state, "run", "vault", "socket");
  const client = (): Promise<VaultClient> => connectVault(state, 30_000);

  try {
    const core = await client();
    await untilServing(core);
    let hostile = await client();

    const send = async (it: Attack): Promise<void> => {
      result.attacks[it.kind] = (result.attacks[it.kind] ?? 0) + 1;
      result.messages++;
      if ("raw" in it) return sendRaw(path, it.raw);
      if (!hostile.connected) hostile = await client();
      const untyped = hostile as unknown as { call(m: string, b: unknown): Promise<Result<unknown, Fault>> };
      const answer = await untyped.call(it.method, it.body).catch((error: unknown) => {
        if (!(error instanceof RangeError)) throw error;
      });
      // What an honest core's own end does not send is sent past it.
      if (!answer) return sendRaw(path, oversized(it.method, it.body));
      if (answer.ok && !it.harmless) fail(`${it.kind}: ${it.method} was taken`);
      const code = answer.ok ? "answered" : answer.error.code;
      result.refusals[code] = (result.refusals[code] ?? 0) + 1;
    };
    /** A challenge that was opened in the right way, and then a proof that is none. */
    const begunAndForged = async (): Promise<void> => {
      const item = items[Math.floor(random() * items.length)] ?? "";
      const voucher = papers.voucher(item, { ...dated(), seq: 1_000_000 });
      const begun = await hostile.call("collect.begin", { voucher });
      result.messages++;
      if (!begun.ok) return;
      const { challenge } = begun.value.body;
      const other = papers.voucher(item, { ...dated(), seq: 1_000_001 });
      const proofs = [
        {},
        { attestation: papers.attest(other, challenge) },
        { attestation: papers.attest(voucher, `${challenge.slice(1)}x`) },
        { release: papers.release(voucher, challenge, { exp: now() - 1 }) },
        { release: papers.release(other, challenge, dated()) },
        { release: papers.release(voucher, `${challenge.slice(1)}x`, dated()) },
        { release: papers.release(voucher, challenge, { ...dated(), unit: "kt-02" }) },
      ];
      const proof = proofs[Math.floor(random() * proofs.length)] ?? {};
      await send({
        kind: "challenge opened, false proof",
        method: "collect.release",
        body: { command: `hostile-${++number}`, voucher, challenge, ...proof },
        harmless: false,
      });
    };

    let attacking = true;
    const besiege = async (): Promise<void> => {
      while (attacking && result.failures.length === 0) {
        if (result.messages >= messages * Math.min(1, (result.valid + 50) / valid)) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          continue;
        }
        if (random() < 0.1) await begunAndForged();
        else await send(attack());
      }
    };

    const order = (it: Order) => child.send(it);
    const ended = async (slot: string, event: "exchange" | "handover"): Promise<string> =>
      new Promise((resolve) => {
        const off = core.on(event as "handover", (it: Handover) => {
          const end = event === "handover" ? it.outcome : EXCHANGE_ENDS.has(it.phase) ? it.phase : undefined;
          if (it.slot !== slot || !end) return;
          off();
          resolve(end);
        });
      });

    /** Staff load every item, in the order of the slots, under credentials that pay for just that. */
    const load = async (): Promise<void> => {
      const credentials = ["anna", "bert"].map((name) =>
        papers.credential(name, { ...dated(), unlocks: items.length }),
      );
      const begun = await core.call("exchange.begin", { credentials });
      result.valid++;
      if (!begun.ok) return fail(`exchange.begin: ${begun.error.code}`);
      const { exchange } = begun.value.body;
      for (const [i, slot] of slots.entries()) {
        const item = items[i] ?? "";
        order({ do: "put", slot, item });
        const end = ended(slot, "exchange");
        const loaded = await core.call("exchange.load", {
          exchange,
          item,
          assignment: papers.assignment(item, dated()),
        });
        result.valid++;
        if (!loaded.ok) return fail(`exchange.load: ${loaded.error.code}`);
        moved(slot);
        if (loaded.value.body.slot !== slot)
          return fail(`${loaded.value.body.slot} was opened instead of ${slot}`);
        const phase = await end;
        if (phase !== "stored") return fail(`loading ${slot} ended ${phase}`);
      }
      const closed = await core.call("exchange.end", { exchange });
      result.valid++;
      if (!closed.ok) return fail(`exchange.end: ${closed.error.code}`);
      loot.credentials.push(...credentials);
      loot.exchanges.push(exchange);
    };

    const handOver = async (slot: string, item: string): Promise<void> => {
      const voucher = papers.voucher(item, { ...dated(), seq: ++number });
      const begun = await core.call("collect.begin", { voucher });
      result.valid++;
      if (!begun.ok) return fail(`collect.begin: ${begun.error.code}`);
      const { challenge } = begun.value.body;
      const request = {
        command: `honest-${number}-${slot}`,
        voucher,
        challenge,
        attestation: papers.attest(voucher, challenge),
      };
      order({ do: "take", slot, item });
      const end = ended(slot, "handover");
      const accepted = await core.call("collect.release", request);
      result.valid++;
      if (!accepted.ok) return fail(`collect.release: ${accepted.error.code}`);
      moved(slot);
      const outcome = await end;
      const stored = await core.call("collect.outcome", { command: request.command });
      result.valid++;
      if (outcome !== "taken" || !stored.ok || stored.value.body.handover?.outcome !== "taken")
        return fail(`the hand-over of ${slot} ended ${outcome}`);
      result.handovers++;
      loot.spent.push(request);
      if (loot.spent.length > 50) loot.spent.shift();
    };

    const flood = Array.from({ length: FLOOD }, besiege);
    while (result.failures.length === 0 && (result.valid < valid || result.messages < messages)) {
      await load();
      // One hand-over on each board at a time.
      await Promise.all(
        roles.map(async (_, board) => {
          for (let i = board * SLOTS; i < (board + 1) * SLOTS && result.failures.length === 0; i++)
            await handOver(slots[i] ?? "", items[i] ?? "");
        }),
      );
      const count = await counted(child);
      for (const slot of slots)
        if ((count.motions[slot] ?? 0) !== (expected.get(slot) ?? 0))
          fail(`slot ${slot} moved ${count.motions[slot]} times, ${expected.get(slot)} were in order`);
      if (count.items.some(({ place }) => place !== "out")) fail("an item is left in a slot");
    }
    attacking = false;
    await Promise.all(flood);
    const count = await counted(child);
    for (const slot of slots)
      if ((count.motions[slot] ?? 0) !== (expected.get(slot) ?? 0)) fail(`slot ${slot} moved at the end`);
    core.close();
    hostile.close();
  } finally {
    child.removeAllListeners("exit");
    child.kill("SIGKILL");
    rmSync(state, { recursive: true, force: true });
  }
  return result;
}

const EXCHANGE_ENDS = new Set(["stored", "empty", "presented", "unknown"]);

const counted = (child: ChildProcess): Promise<Count> =>
  new Promise((resolve) => {
    child.once("message", (count: Count) => resolve(count));
    child.send({ do: "count" } satisfies Order);
  });

/** A question that is longer than any may be, as a frame. */
function oversized(name: string, body: unknown): Uint8Array {
  const head = Buffer.from(JSON.stringify({ t: "q", id: 1, name, body }));
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(head.length);
  return Buffer.concat([prefix, head]);
}

/** A vault serves few connections: one that is refused attacks nothing. */
const raws = new Mutex();

/** Bytes on a connection of their own, which hostile code then leaves. */
const sendRaw = (path: string, bytes: Uint8Array): Promise<void> =>
  raws.run(
    () =>
      new Promise((resolve) => {
        const socket = connect(path);
        socket.on("error", () => undefined);
        socket.once("close", () => resolve());
        socket.once("connect", () => socket.end(bytes));
        socket.resume();
      }),
  );
