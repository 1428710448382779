import * as assert from "uvu/assert";
import type { startVault } from "../../../runtime/vault/index.ts";
import { eventually, type TestContext } from "../../kit.ts";
import { connectVault, type VaultClient } from "../../support/vault-client.ts";
import {
  beginExchange,
  FAST,
  type SeededAs,
  type WireOptions,
  type WireRig,
  wireRig,
} from "../../support/vault-wire.ts";
import { code, type Scenario } from "./rules.ts";

/** What becomes of the things that staff were about to lay in or take out when the power went. */
type Hands = (rig: WireRig) => void;

const open: Hands = ({ plant }) => plant.openDoor("1");
const shut: Hands = ({ plant }) => plant.closeDoor("1");
const put: Hands = ({ plant }) => plant.putItem("1", "ITEM-1");
const nothing: Hands = () => undefined;

async function slotOne(client: VaultClient): Promise<string> {
  const status = await client.call("status", {});
  if (!status.ok) throw status.error;
  return status.value.body.slots.find(({ slot }) => slot === "1")?.state ?? "none";
}

/** Two people load or empty slot 1; the vault ends when `moment` comes, and what they do then is theirs. */
async function cutAt(
  t: Pick<TestContext, "after">,
  start: typeof startVault,
  job: "load" | "unload",
  moment: "the byte" | "the open door",
  options: WireOptions = {},
  as: SeededAs = {},
): Promise<WireRig> {
  const rig = await wireRig(t, { slots: 1, ...options });
  if (job === "unload") await rig.seed({ "ITEM-1": "1" }, as);
  const client = await rig.start(start);
  const exchange = await beginExchange(rig, client);
  const came = new Promise<void>((resolve) => {
    if (moment === "the byte") {
      // A bolt that jams shows what it showed before.
      rig.plant.setJammed("1", true);
      rig.onUnlock = resolve;
    } else client.on("exchange", ({ phase }) => phase === "opened" && resolve());
  });
  const asked =
    job === "load"
      ? client.call("exchange.load", {
          exchange,
          item: "ITEM-1",
          assignment: rig.papers.assignment("ITEM-1"),
        })
      : client.call("exchange.unload", { exchange, slot: "1" });
  void asked.catch(() => undefined);
  await came;
  await rig.stop();
  rig.plant.setJammed("1", false);
  return rig;
}

export const afterCut: Record<string, Scenario> = {
  "after a cut a door that staff have open is waited for, and what it is closed on counts": async (
    t,
    start,
  ) => {
    for (const [job, hands, state] of [
      ["load", put, "loaded"],
      ["load", nothing, "empty"],
      ["unload", ({ plant }) => plant.takeItem("1"), "empty"],
    ] as [Parameters<typeof cutAt>[2], Hands, string][]) {
      const rig = await cutAt(t, start, job, "the open door");
      open(rig);
      const before = rig.written.length;
      const restarted = rig.start(start, { limits: { ...FAST, doorOpen: 10_000 } });
      // Long after it would have judged an open door.
      await eventually("it looks at the open door", () => rig.written.length > before + 40);
      hands(rig);
      shut(rig);
      assert.is(await slotOne(await restarted), state, `${job} ${state}`);
      assert.is(rig.unlocks(), 1);
    }
  },

  "a finding waits until the vault has given what was open its outcome": async (t, start) => {
    const presented = { "1": { state: "presented", effect: "effect-before" } };
    const rig = await cutAt(t, start, "unload", "the open door", {}, presented);
    open(rig);
    const before = rig.written.length;
    const restarted = rig.start(start, { limits: { ...FAST, doorOpen: 10_000 } });
    await eventually("it looks at the open door", () => rig.written.length > before + 40);
    const early = await connectVault(rig.state);
    t.after(() => early.close());
    const settlement = rig.papers.settlement("1", "effect-before", "removed");
    assert.is(code(await early.call("settle", { settlement })), "vault.notReady");
    shut(rig);
    const client = await restarted;
    assert.is(await slotOne(client), "presented");
    assert.is(code(await client.call("settle", { settlement })), "vault.nothingToSettle");
  },

  "after a cut what staff laid in is theirs, unless anybody can have come to the door meanwhile": async (
    t,
    start,
  ) => {
    for (const [awayMs, clockMs, battery, state] of [
      // Within one boot the computer's uptime tells it, whatever becomes of its clock.
      [121_000, 0, false, "unknown"],
      [100_000, 1_000_000, false, "loaded"],
      [100_000, 100_000, true, "loaded"],
      [121_000, 121_000, true, "unknown"],
      // A clock that lost its time tells nothing.
      [100_000, -1_000_000, true, "unknown"],
    ] as const) {
      const rig = await cutAt(t, start, "load", "the open door");
      for (const act of [open, put, shut]) act(rig);
      rig.clock.wallOffset += clockMs;
      const boot = battery
        ? { id: "another", clockKept: true, uptime: () => 0 }
        : { ...rig.boot, uptime: () => rig.boot.uptime() + awayMs };
      assert.is(await slotOne(await rig.start(start, { boot })), state, `${awayMs} ms, clock ${clockMs} ms`);
    }
  },

  "after a restart of the computer the clock tells how long it was only when it has a battery": async (
    t,
    start,
  ) => {
    for (const [boot, state] of [
      [{ id: "another", clockKept: false, uptime: () => 0 }, "unknown"],
      [{ id: "another", clockKept: true, uptime: () => 0 }, "loaded"],
    ] as const) {
      const rig = await cutAt(t, start, "load", "the open door");
      for (const act of [open, put, shut]) act(rig);
      assert.is(await slotOne(await rig.start(start, { boot })), state, String(boot.clockKept));
    }
    // A door that anybody may have opened meanwhile is not waited for.
    const rig = await cutAt(t, start, "load", "the open door");
    open(rig);
    const boot = { id: "another", clockKept: false, uptime: () => 0 };
    assert.is(
      await slotOne(await rig.start(start, { boot, limits: { ...FAST, doorOpen: 30_000 } })),
      "unknown",
    );
  },

  "after a cut a slot without a sensor is called empty by nobody": async (t, start) => {
    const blind = { itemSensors: false };
    const loading = await cutAt(t, start, "load", "the byte", blind);
    assert.is(await slotOne(await loading.start(start)), "unknown");
    const emptying = await cutAt(t, start, "unload", "the open door", blind);
    for (const act of [open, shut]) act(emptying);
    assert.is(await slotOne(await emptying.start(start)), "presented");
    const opened = await cutAt(t, start, "load", "the open door", blind);
    for (const act of [open, put, shut]) act(opened);
    assert.is(await slotOne(await opened.start(start)), "loaded");
  },

  "after a cut an emptying whose door was seen open is not called undone": async (t, start) => {
    const closed = await cutAt(t, start, "unload", "the byte");
    assert.is(await slotOne(await closed.start(start)), "loaded");
    const opened = await cutAt(t, start, "unload", "the open door");
    for (const act of [open, shut]) act(opened);
    assert.is(await slotOne(await opened.start(start)), "presented");
  },
};
