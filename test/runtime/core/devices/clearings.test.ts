import { join } from "node:path";
import * as assert from "uvu/assert";
import { ok, systemClock } from "../../../../drivers/kit/index.ts";
import { journalClearings } from "../../../../runtime/core/devices/clearings.ts";
import { Devices } from "../../../../runtime/core/devices/index.ts";
import { openCoreStore } from "../../../../runtime/core/store/index.ts";
import {
  type ClearedRow,
  listenUnix,
  Peer,
  type sensesEvents,
  sensesMethods,
} from "../../../../runtime/ipc/index.ts";
import { eventually, suite } from "../../../kit.ts";
import { stateFolder } from "../../../support/office.ts";

const { test, run } = suite("clearings");

test("what is removed from a module comes into the journal once, also what was removed before the core was there", async (t) => {
  const state = stateFolder(t);
  const row = (at: number, why: ClearedRow["why"]): ClearedRow => ({
    role: "finger.front",
    at,
    why,
    templates: 2,
    buffers: true,
  });
  let kept = [row(1, "recovery")];
  const peers: Peer<Record<never, never>, Record<never, never>, typeof sensesEvents>[] = [];
  const server = await listenUnix(join(state, "run", "senses", "socket"), (socket) => {
    peers.push(
      new Peer(socket, {
        remote: {},
        incoming: {},
        local: sensesMethods,
        handlers: {
          status: async () => ok({ body: { devices: [] }, parts: [] }),
          "cleared.take": async () => ok({ body: { cleared: kept.splice(0) }, parts: [] }),
        } as never,
      }),
    );
  });
  const devices = new Devices(systemClock);
  const store = await openCoreStore(state);
  const stop = journalClearings(devices, store, systemClock);
  t.after(async () => {
    stop();
    await devices.stop();
    for (const peer of peers) peer.close();
    server.close();
    await store.close();
  });
  devices.start(state, ["senses"]);
  const journalled = async () =>
    (
      await store.all<{ fields: string }>(
        "SELECT fields FROM journal WHERE event = 'finger.cleared' ORDER BY seq",
      )
    ).map(({ fields }) => JSON.parse(fields) as Record<string, unknown>);
  await eventually("the recovery's", async () => (await journalled()).length === 1);
  kept = [row(2, "request"), row(3, "delete")];
  peers[0]?.emit("cleared", {});
  peers[0]?.emit("cleared", {});
  await eventually("the later ones", async () => (await journalled()).length >= 3);
  assert.equal(
    (await journalled()).map(({ clearedAt, why, templates }) => [clearedAt, why, templates]),
    [
      [1, "recovery", 2],
      [2, "request", 2],
      [3, "delete", 2],
    ],
  );
});

run();
