import type { Edit } from "../simulate/engine/link.ts";

/** A vault from which one safety rule was taken away; the simulation has to notice, from what the plant feels. */
export interface NamedMutant {
  name: string;
  /** The rule that is missing, in words of the architecture. */
  rule: string;
  edits: Edit[];
}

const vault = (file: string, from: string, to: string): Edit => ({ file: `runtime/vault/${file}`, from, to });

export const NAMED: NamedMutant[] = [
  {
    name: "journal write removed",
    rule: "what is durable is in the journal, in the same write",
    edits: [
      vault(
        "ledger.ts",
        "return appendJournal(t, this.#clock.wall(), event, fields);",
        "return event.endsWith('issued') ? { seq: 0 } : appendJournal(t, this.#clock.wall(), event, fields);",
      ),
    ],
  },
  {
    name: "expiry test removed",
    rule: "a paper that is over opens nothing",
    edits: [vault("papers.ts", "if (Math.max(wall, atLeast) >= exp * 1000)", "if (false)")],
  },
  {
    name: "unit test removed",
    rule: "a paper for another unit opens nothing",
    edits: [vault("papers.ts", "if (unit !== this.#unit)", "if (false)")],
  },
  {
    name: "dedupe removed",
    rule: "the same command gets the stored answer",
    edits: [vault("collection.ts", "if (known)\n", "if (false && known)\n")],
  },
  {
    name: "ISSUED after the byte",
    rule: "ISSUED is durable before a byte leaves",
    edits: [
      vault(
        "ledger.ts",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
        "await this.#tx(`${family(intent.kind)}.issued`",
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
        "void this.#tx(`${family(intent.kind)}.issued`",
      ),
    ],
  },
  {
    name: "retry added",
    rule: "a motion is sent once",
    edits: [
      vault(
        "motion.ts",
        "const sent = await locks.unlock(intent.slot, token, purpose);",
        "await locks.unlock(intent.slot, token, purpose); const sent = await locks.unlock(intent.slot, token, purpose);",
      ),
      vault("tokens.ts", "!live.delete(token)", "!live.has(token)"),
    ],
  },
  {
    name: "evidence ignored",
    rule: "an outcome is what evidence says",
    edits: [
      vault(
        "evidence.ts",
        'if (now.item === "present") return latchSeen',
        'if (latchSeen) return "taken"; return latchSeen',
      ),
    ],
  },
  {
    name: "consumption removed",
    rule: "ISSUED uses the voucher up",
    edits: [
      vault(
        "ledger.ts",
        "if (intent.voucher) {\n        const consumed = await",
        "if (intent.voucher) {\n        const consumed = { changes: 1 } || await",
      ),
    ],
  },
  {
    name: "recovery sends again",
    rule: "nothing is sent at a start",
    edits: [
      vault(
        "recovery.ts",
        "let [now, again] = await looks();",
        "let [now, again] = await looks();\n  await locks.unlock(row.slot, { effect: row.effect, device: locks.place(row.slot).lock, compartment: locks.place(row.slot).compartment } as never);",
      ),
      vault("tokens.ts", "!live.delete(token) || ", ""),
    ],
  },
  {
    name: "recovery takes ISSUED for never sent",
    rule: "an ISSUED row is settled by what the board shows",
    edits: [vault("recovery.ts", 'if (row.state === "INTENT")', "if (row)")],
  },
  {
    name: "recovery takes INTENT for issued",
    rule: "an INTENT alone never moved",
    edits: [vault("recovery.ts", 'if (row.state === "INTENT")', "if (!row)")],
  },
  {
    name: "recovery left out",
    rule: "every open row gets its outcome before anything moves",
    edits: [
      vault("recovery.ts", "const open = await ledger.openEffects();", "const open = [] as EffectRow[];"),
    ],
  },
  {
    name: "interlock ignored",
    rule: "an active interlock forbids motion",
    edits: [
      vault(
        "interlocks.ts",
        '? "active" : state);',
        '? "active" : state === "active" ? "inactive" : state);',
      ),
    ],
  },
  {
    name: "unknown slot used again",
    rule: "an unknown slot is locked until it is settled",
    edits: [
      vault("collection.ts", 'if (row.state === "unknown" ||', "if ("),
      vault("collection.ts", 'if (row.state !== "loaded")', "if (false)"),
    ],
  },
  {
    name: "item not compared",
    rule: "a voucher opens the slot of its own item",
    edits: [
      vault(
        "ledger.ts",
        '"SELECT * FROM slots WHERE item_hash = ?"',
        '"SELECT * FROM slots WHERE item_hash <> ?"',
      ),
    ],
  },
  {
    name: "assignment not compared",
    rule: "an item is loaded under its own assignment",
    edits: [vault("exchange.ts", "assignment.value.item !== request.item", "false")],
  },
  {
    name: "state before not looked at",
    rule: "the state before is noted, and must fit",
    edits: [
      vault(
        "motion.ts",
        "const refusal = refuse(before, expected);",
        "const refusal = undefined as Fault | undefined;",
      ),
    ],
  },
  {
    name: "commits not waited for",
    rule: "what was told is durable",
    edits: [{ file: "test/simulate/engine/disk.ts", from: "lazy = false;", to: "lazy = true;" }],
  },
  {
    name: "proof's signature ignored",
    rule: "the vault checks who attests",
    edits: [
      {
        file: "fleet/contract/jws.ts",
        from: "if (!verify(null, ",
        to: "if (type !== 'guichet.attestation.v1' && !verify(null, ",
      },
      vault("papers.ts", "const key = this.#sensesKey();", "const key = this.#keyIn(jws);"),
      vault(
        "papers.ts",
        "  #attested(",
        "  #keyIn(jws: string) { const { kid } = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }; return { kid, role: 'senses' as const, x: 'A'.repeat(43) }; }\n  #attested(",
      ),
    ],
  },
];
