import * as assert from "uvu/assert";
import { suite } from "../../kit.ts";
import { type Edit, mustCatch, mutate } from "../../support/mutate.ts";
import { afterCut } from "./after-cut.ts";
import { rules as whileAlive } from "./rules.ts";
import { staffRules } from "./staff-rules.ts";
import { wiring } from "./wiring.ts";

const rules = { ...whileAlive, ...afterCut, ...staffRules, ...wiring };

/** A vault from which one rule was taken away, by replacing one place of its source. */
interface Mutant extends Edit {
  /** More places, where one alone is caught by another rule. */
  also?: Edit[];
  /** The scenario that must fail. */
  caughtBy: keyof typeof rules;
}

const ONCE = "a voucher moves a lock once";
const PAPERS =
  "papers of another unit, too early, too late, altered or by a key of another role open nothing";
const PROOF = "a voucher without a proof of its owner, or with a proof for something else, opens nothing";
const CHALLENGE = "a challenge holds for one proof and three minutes";
const LOAD = "an item is loaded under its own assignment, and never twice";
const PEOPLE = "two different people open an exchange, and their credentials pay for each unlock";
const INTERLOCK = "an active or unreadable interlock forbids motion and is named";
const AT_THE_BYTE =
  "an interlock that becomes active while a lock waits for its line stops it at the byte, and its slot goes on";
const WRITTEN = "ISSUED and the used-up voucher are in the ledger before the first byte of an unlock";
const FINDING = "a finding settles the effect that it names, by an officer's key, once";

const HERE = "where there is a service switch, credentials open nothing while it is not seen on";
const STAFF_SHUT = "a presented door that staff shut on nothing is unknown, not taken";
const STAFF_GONE = "staff who were at a presented door count also when they have gone, and after a restart";

const SENT_AND_FAILED =
  "an unlock whose write failed may have reached its board: nobody says that it did not";

const STRAY = "what lies in a slot that is called empty comes out as nobody's, and the slot is loaded again";

const AWAY = "after a cut what staff laid in is theirs, unless anybody can have come to the door meanwhile";
const BLIND = "after a cut a slot without a sensor is called empty by nobody";

const mutants: Record<string, Mutant> = {
  "the unlock does not wait for ISSUED": {
    file: "ledger.ts",
    from: `await this.#tx(\`\${family(intent.kind)}.issued\``,
    to: `void this.#tx(\`\${family(intent.kind)}.issued\``,
    caughtBy: WRITTEN,
  },
  "the voucher is not used up in the write of ISSUED": {
    file: "ledger.ts",
    from: "if (intent.voucher) {\n        const consumed = await",
    to: "if (intent.voucher) {\n        const consumed = { changes: 1 } || await",
    caughtBy: WRITTEN,
  },
  "a used voucher is not refused": {
    file: "ledger.ts",
    from: 'ON CONFLICT (voucher) DO NOTHING",',
    to: 'ON CONFLICT (voucher) DO UPDATE SET seq = seq",',
    also: [{ file: "collection.ts", from: "if (used) return", to: "if (false) return" }],
    caughtBy: ONCE,
  },
  "a token can be used again, and the unlock is repeated": {
    file: "tokens.ts",
    from: "!live.delete(token)",
    to: "!live.has(token)",
    also: [
      {
        file: "motion.ts",
        from: "const sent = await locks.unlock(intent.slot, token, purpose);",
        to: "await locks.unlock(intent.slot, token, purpose); const sent = await locks.unlock(intent.slot, token, purpose);",
      },
    ],
    caughtBy: "one hand-over sends one unlock, also when nothing opens",
  },
  "expiry is ignored": {
    file: "papers.ts",
    from: "if (Math.max(wall, atLeast) >= exp * 1000)",
    to: "if (false)",
    caughtBy: PAPERS,
  },
  "expiry believes a clock that was set back": {
    file: "papers.ts",
    from: "Math.max(wall, atLeast)",
    to: "wall",
    caughtBy: "a clock that is set back brings no paper to life again",
  },
  "the unit is ignored": {
    file: "papers.ts",
    from: "if (unit !== this.#unit)",
    to: "if (false)",
    caughtBy: PAPERS,
  },
  "the first day is ignored": {
    file: "papers.ts",
    from: "if (nbf !== undefined && wall < nbf * 1000)",
    to: "if (false)",
    caughtBy: PAPERS,
  },
  "no proof is asked for": {
    file: "papers.ts",
    from: 'err(vaultFault("noProof"))',
    to: "ok({})",
    caughtBy: PROOF,
  },
  "a proof for another challenge is good enough": {
    file: "papers.ts",
    from: " || attestation.value.challenge !== challenge",
    to: "",
    caughtBy: PROOF,
  },
  "a proof for another voucher is good enough": {
    file: "papers.ts",
    from: "attestation.value.voucherHash !== voucherHash || ",
    to: "",
    caughtBy: PROOF,
  },
  "a challenge may be used again": {
    file: "papers.ts",
    from: "if (judged.ok) this.#challenges.delete(request.challenge);",
    to: "",
    caughtBy: CHALLENGE,
  },
  "a challenge holds for ever": {
    file: "papers.ts",
    from: "const CHALLENGE_MS = 180_000;",
    to: "const CHALLENGE_MS = 1e12;",
    caughtBy: CHALLENGE,
  },
  "a command that is known is judged anew": {
    file: "collection.ts",
    from: "if (known)\n",
    to: "if (false && known)\n",
    caughtBy: "the same command is answered from the ledger, with other contents it is a conflict",
  },
  "requests are not let in one at a time": {
    file: "vault.ts",
    from: "await admission.run(job)",
    to: "await job()",
    caughtBy: "two requests for one slot at the same moment move it once and end nothing",
  },
  "an active interlock is ignored": {
    file: "interlocks.ts",
    from: '? "active" : state);',
    to: '? "active" : state === "active" ? "inactive" : state);',
    caughtBy: INTERLOCK,
  },
  "an unreadable interlock counts as inactive": {
    file: "interlocks.ts",
    from: 'forbids: ["public", "staff"], forbidsUnknown: true',
    to: 'forbids: ["public", "staff"], forbidsUnknown: false',
    caughtBy: INTERLOCK,
  },
  "the service switch is ignored": {
    file: "interlocks.ts",
    from: 'condition: "service", forbids: ["public"]',
    to: 'condition: "service", forbids: []',
    caughtBy: "while staff have turned the service switch nothing is handed out",
  },
  "the layer does not know the interlocks": {
    file: "devices.ts",
    from: "{ ...hosting, interlocks }",
    to: "hosting",
    caughtBy: "an interlock that becomes active when a motion was decided on stops it at the byte",
  },
  "the interlocks are not asked again at the byte": {
    file: "devices.ts",
    from: "(locks.get(device) ?? dispensers.get(device))?.permit();",
    to: "",
    caughtBy: AT_THE_BYTE,
  },
  "what was stopped at the byte is judged as if it may have been sent": {
    file: "motion.ts",
    from: 'isFault(sent.error, "device.interlocked")',
    to: "false",
    caughtBy: AT_THE_BYTE,
  },
  "what its driver never came to is judged as if it may have been sent": {
    file: "motion.ts",
    from: "untouched || isFault",
    to: "isFault",
    caughtBy: "an unlock that its driver never came to has moved nothing, and its slot goes on",
  },
  "what was sent and failed is judged as if it had not been": {
    file: "tokens.ts",
    from: "retire: (token) => live.delete(token),",
    to: "retire: (token) => live.delete(token) || true,",
    caughtBy: SENT_AND_FAILED,
  },
  "every edge and every question reads all locks": {
    file: "locks.ts",
    from: 'shared(() => host.use("query", READ_MS, (lock) => lock.read()));',
    to: '() => host.use("query", READ_MS, (lock) => lock.read());',
    also: [
      { file: "vault.ts", from: "shared(async (): Promise<void> =>", to: "(async (): Promise<void> =>" },
    ],
    caughtBy: "neither a loose contact nor a core that asks without end keeps a motion from its turn",
  },
  "evidence is ignored": {
    file: "evidence.ts",
    from: 'if (now.item === "present") return latchSeen',
    to: 'if (now.item === "present") return "taken"; if (false) return latchSeen',
    caughtBy: "what is left inside was presented, not taken",
  },
  "contradicting evidence is explained away": {
    file: "evidence.ts",
    from: 'return watched && !latchSeen ? "unknown" : "taken";',
    to: 'return "taken";',
    caughtBy: "an item that is gone behind a door that never opened is unknown and locks its slot only",
  },
  "an item sensor is believed behind a door that nobody opened": {
    file: "evidence.ts",
    from: 'if (watched && !latchSeen && now.item === "present") return "unknown";',
    to: "",
    caughtBy: "an item that is there behind a door that never opened at its loading is unknown",
  },
  "a slot that is unknown is not locked out": {
    file: "collection.ts",
    from: 'if (row.state === "unknown" ||',
    to: "if (",
    also: [{ file: "collection.ts", from: 'if (row.state !== "loaded")', to: "if (false)" }],
    caughtBy: "an item that is gone behind a door that never opened is unknown and locks its slot only",
  },
  "a finding may name another effect": {
    file: "vault.ts",
    from: "row.effect === settlement.value.effect;",
    to: "true;",
    caughtBy: FINDING,
  },
  "a finding overtakes the recovery": {
    file: "vault.ts",
    from: "if (!recovered.ok) return recovered;",
    to: "",
    caughtBy: "a finding waits until the vault has given what was open its outcome",
  },
  "staff who shut a presented door are taken for the owner": {
    file: "recovery.ts",
    from: 'handled ? "unknown" : "taken"',
    to: '"taken"',
    caughtBy: STAFF_SHUT,
  },
  "staff who were at a presented door are forgotten when they have gone": {
    file: "recovery.ts",
    from: "if (row.staff !== 1 && (await watch.staff())) await ledger.staffCame(row);",
    to: "",
    caughtBy: STAFF_GONE,
  },
  "nobody asks whether staff are at a presented door": {
    file: "vault.ts",
    from: "staff: async () => exchange.current !== undefined || (await interlocks.activeForPublic()).length > 0,",
    to: "staff: async () => false,",
    caughtBy: STAFF_SHUT,
  },
  "a slot that is called empty is opened, whatever lies in it": {
    file: "exchange.ts",
    from: '?.item !== "present")',
    to: '?.item === "never")',
    caughtBy: STRAY,
  },
  "a finding settles a slot that staff are emptying": {
    file: "vault.ts",
    from: "if (!row || !waits || collection.busy(row.slot) || exchange.busy(row.slot))",
    to: "if (!row || !waits)",
    caughtBy: "a finding does not settle a slot whose door staff have just opened",
  },
  "one person may load": { file: "exchange.ts", from: "people.size < 2", to: "false", caughtBy: PEOPLE },
  "one person may load with two credentials": {
    file: "exchange.ts",
    from: "people.size < 2",
    to: "credentials.length < 2",
    caughtBy: PEOPLE,
  },
  "unlocks are not counted against the credential": {
    file: "exchange-rows.ts",
    from: "credit = credit - 1",
    to: "credit = credit",
    caughtBy: PEOPLE,
  },
  "any assignment loads any item": {
    file: "exchange.ts",
    from: "assignment.value.item !== request.item",
    to: "false",
    caughtBy: LOAD,
  },
  "an item may be loaded twice": {
    file: "exchange.ts",
    from: "if (await this.#motion.ledger.slotOfItem(itemHash))",
    to: "if (false)",
    caughtBy: LOAD,
  },
  "credentials that were shown once open another exchange": {
    file: "exchange-rows.ts",
    from: "if (once && changes === 0)",
    to: "if (false)",
    caughtBy: "what staff have shown opens no second exchange where no switch tells that they are here",
  },
  "an exchange is opened with nobody there": {
    file: "exchange.ts",
    from: "const staff = await this.#seen();\n    if (!staff.ok) return staff;\n    const credentials",
    to: "const credentials",
    caughtBy: HERE,
  },
  "a slot is opened for staff who have left": {
    file: "exchange.ts",
    from: "const staff = await this.#seen();\n    if (!staff.ok) return staff;\n    const interlocks",
    to: "const interlocks",
    caughtBy: HERE,
  },
  "recovery does not wait for staff's open door": {
    file: "recovery.ts",
    from: "await watchDoor(context, row.slot);",
    to: "",
    caughtBy: "after a cut a door that staff have open is waited for, and what it is closed on counts",
  },
  "an absence of any length is short": {
    file: "recovery.ts",
    from: "ms >= 0 && ms <= limit",
    to: "ms >= 0",
    caughtBy: AWAY,
  },
  "a clock that was set back tells how long it was": {
    file: "recovery.ts",
    from: "ms >= 0 && ",
    to: "",
    caughtBy: AWAY,
  },
  "within a boot the wall clock tells how long it was": {
    file: "recovery.ts",
    from: "if (boot === now.id && up !== null) return now.uptime() - up;",
    to: "",
    caughtBy: AWAY,
  },
  "any clock goes on while the computer is off": {
    file: "recovery.ts",
    from: "now.clockKept || boot === now.id ?",
    to: "true ?",
    caughtBy: "after a restart of the computer the clock tells how long it was only when it has a battery",
  },
  "a slot without a sensor is called empty after a loading that nobody watched": {
    file: "evidence.ts",
    from: 'can say so.\n  return watched ? "empty" : "unknown";',
    to: 'can say so.\n  return "empty";',
    caughtBy: BLIND,
  },
  "a slot without a sensor is called empty after an emptying that nobody watched": {
    file: "evidence.ts",
    from: 'if (now.item === "unknown" && watched) return "empty";',
    to: 'if (now.item === "unknown") return "empty";',
    caughtBy: BLIND,
  },
  "a new configuration is believed, whatever lies in its slots": {
    file: "pins.ts",
    from: "if (taken || inDoubt || dropped || (row.device !== null && holds(row))) {",
    to: "if (false) {",
    caughtBy: "slots that a new configuration exchanges hand out nobody's item",
  },
  "a finding from before another configuration settles a slot": {
    file: "pins.ts",
    from: "if (!dropped && isSame(said, next) && (inDoubt || !taken)) continue;",
    to: "if (inDoubt || (!dropped && isSame(said, next) && !taken)) continue;",
    caughtBy: "slots that a new configuration exchanges hand out nobody's item",
  },
  "a new slot is empty, whatever lay behind its door": {
    file: "pins.ts",
    from: "if (taken || inDoubt",
    to: "if (inDoubt",
    caughtBy: "a slot behind whose door another one's item lies is not loaded",
  },
  "where an item may lie still is forgotten with its slot's new place": {
    file: "places.ts",
    from: "[row, lastSaid(row)]",
    to: "[lastSaid(row)]",
    caughtBy: "a slot behind whose door another one's item lies is not loaded",
  },
  "the address of a board does not count": {
    file: "places.ts",
    from: `\`kerong/\${device.board}\``,
    to: "lock",
    caughtBy: "boards whose addresses are exchanged hand out nobody's item",
  },
  "what the ledger does not know may be said to be there": {
    file: "pins.ts",
    from: "row.item_hash !== null && row.to_device !== NOWHERE.device",
    to: "row.to_device !== NOWHERE.device",
    caughtBy: "an item that the ledger does not know cannot be said to be there still",
  },
  "an item may stay in a slot that has no door": {
    file: "pins.ts",
    from: " && row.to_device !== NOWHERE.device",
    to: "",
    caughtBy: "an item that the ledger does not know cannot be said to be there still",
  },
  "a slot is given back although a door was opened meanwhile": {
    file: "ledger.ts",
    from: "await forgetBefore(t, intent.slot);",
    to: "",
    caughtBy: "a configuration that goes back gives no slot back whose door was opened meanwhile",
  },
  "a slot is given back at any time": {
    file: "doubts.ts",
    from: "until === null || ",
    to: "until === null || until > 0 || ",
    caughtBy:
      "a configuration that goes back gives no slot back after the time of a trial, or a restart of the computer",
  },
  "a slot is given back in which something was under way": {
    file: "doubts.ts",
    from: "if (own.length > 0)",
    to: "if (false)",
    caughtBy:
      "a loading that was under way when the slots were exchanged is not judged by another slot's door",
  },
  "what a configuration drops keeps its item for ever": {
    file: "pins.ts",
    from: "const dropped = !place",
    to: "const dropped = false && !place",
    caughtBy: "what a configuration drops waits for a finding, or for its door",
  },
  "a board's address may be another's on another port": {
    file: "../../provisioning/unit-wires.ts",
    from: "if (isBoard) holds",
    to: "if (false) holds",
    caughtBy: "two boards of one address on two ports serve nobody",
  },
  "a door has another name when its lock has": {
    file: "places.ts",
    from: `\`kerong/\${device.board}\``,
    to: `\`\${lock}/\${device.board}\``,
    caughtBy: "a lock and its slots under new names keep what lies behind their doors",
  },
  "a loading is judged by the door of another slot": {
    file: "pins.ts",
    from: 'row.state !== "empty" || open.some(({ slot }) => slot === row.slot);',
    to: 'row.state !== "empty";',
    caughtBy:
      "a loading that was under way when the slots were exchanged is not judged by another slot's door",
  },
  "a hand-over whose slot is elsewhere now is judged by what is there": {
    file: "doubts.ts",
    from: "await endUnknown(t, effect, wall);",
    to: "",
    caughtBy:
      "a hand-over that was under way when the slots were exchanged is nobody's, and its voucher is used",
  },
  "a door that was looked behind may be another slot's still": {
    file: "pins.ts",
    from: "AND slot <> ?`,",
    to: "AND slot <> ? AND FALSE`,",
    caughtBy: "a door that somebody has looked behind is the place of one slot",
  },
  "an emptying whose door was seen open is called undone": {
    file: "evidence.ts",
    from: 'if (latchSeen) return "presented";',
    to: "",
    caughtBy: "after a cut an emptying whose door was seen open is not called undone",
  },
};

const { test, run } = suite("vault mutants");

for (const [name, mutant] of Object.entries(mutants)) {
  test(`caught: ${name}`, async (t) => {
    const start = await mutate([mutant, ...(mutant.also ?? [])]);
    const scenario = rules[mutant.caughtBy];
    assert.ok(scenario);
    await mustCatch(t, () => scenario(t, start), 8_000);
  });
}

test("the same scenarios pass on the vault that is built the same way without a change", async (t) => {
  const start = await mutate([]);
  await rules[ONCE]?.(t, start);
});

run();
