import * as assert from "uvu/assert";
import { deviceFault, type Interlock } from "../../../../drivers/contract/index.ts";
import { err, isFault, ok } from "../../../../drivers/kit/index.ts";
import { code, command, never, rig } from "../support.ts";
import { type Rule, taken } from "./rule.ts";

const DOOR: Interlock = {
  name: "door.service",
  condition: "doorOpen",
  forbids: ["public"],
  forbidsUnknown: true,
};
const TAMPER: Interlock = {
  name: "tamper.cabinet",
  condition: "tamper",
  forbids: ["public", "staff"],
  forbidsUnknown: false,
};

/** Of what moves: nothing is repeated, nothing is moved against an interlock, by another device, or under another name. */
export const motion = {
  "an actuate is never repeated and says never; a query whose reply was lost is asked once more": async (
    module,
  ) => {
    const { device, ready } = rig(module);
    await ready();
    let asked = 0;
    const silent = async () => {
      asked++;
      return err(deviceFault("noReply"));
    };
    assert.is(code(await device.use("query", 100, silent)), "device.noReply");
    assert.is(asked, 2);
    await device.whenReady();
    const moved = await taken(device.submit(command("a", "actuate"), silent)).completion;
    assert.equal([asked, moved.retry], [3, "never"]);
    await device.whenReady();
    await device.use("capture", 100, silent);
    await device.whenReady();
    await device.use("configure", 100, silent);
    assert.is(asked, 5);
    await device.stop();
  },

  "an interlock is asked when a command comes, and again right before it begins": async (module) => {
    const board = new module.InterlockBoard([DOOR, TAMPER]);
    const { device, seen, ready, clock } = rig(module, {}, { interlocks: board });
    await ready();
    const events = device.subscribe();
    const move = (purpose: "public" | "staff" | "safety") =>
      device.use("actuate", 1_000, (verbs) => verbs.move(1), { purpose });
    assert.is(code(await move("public")), "device.interlocked", "what was never told is unknown");
    assert.is(code(await move("staff")), "ok");
    board.set("door.service", "inactive");
    assert.is(code(await move("public")), "ok");
    board.set("door.service", "active");
    const refused = device.submit(command("a", "actuate", { transaction: "t1" }), (verbs) => verbs.move(1));
    assert.ok(!refused.ok && refused.error.fields.by === "door.service");
    const event = await events.next();
    assert.equal(event?.name === "interlocked" && [event.transaction, event.fields.by], [
      undefined,
      "door.service",
    ]);
    assert.is(code(await device.use("query", 1_000, async () => ok(1))), "ok", "only what moves");
    board.set("door.service", "inactive");
    const busy = device.use("query", 1_000, async () => {
      await clock.sleep(100);
      return ok(1);
    });
    const waiting = taken(device.submit(command("b", "actuate"), (verbs) => verbs.move(1)));
    board.set("tamper.cabinet", "active");
    await busy;
    assert.is(code((await waiting.completion).result), "device.interlocked");
    assert.is(code(await move("staff")), "device.interlocked");
    assert.is(code(await move("safety")), "ok", "what is brought out of reach");
    assert.is(seen.moves, 3);
    let door: "active" | "inactive" = "active";
    board.set("tamper.cabinet", "inactive");
    board.follow("door.service", () => door);
    assert.is(code(await move("public")), "device.interlocked");
    door = "inactive";
    assert.is(code(await move("public")), "ok");
    assert.throws(() => board.set("door.unknown", "active"), TypeError);
    await device.stop();
  },

  "the interlocks are asked once more at the byte, for whom the command is for; one that was answered moves nothing":
    async (module) => {
      const board = new module.InterlockBoard([DOOR, TAMPER]);
      const { device, seen, ready, clock, until } = rig(module, {}, { interlocks: board });
      await ready();
      const events = device.subscribe();
      /** Waits for its line, in which time `happens`, and then moves if it may. */
      const move = (purpose: "public" | "staff" | "safety", happens: () => void, ms = 10) =>
        device.use(
          "actuate",
          100,
          async (verbs) => {
            await clock.sleep(ms);
            happens();
            device.permit();
            return verbs.move(1);
          },
          { purpose },
        );
      const open = () => board.set("door.service", "active");
      const close = () => board.set("door.service", "inactive");
      close();
      board.set("tamper.cabinet", "inactive");
      assert.is(code(await move("public", close)), "ok");
      assert.is(code(await move("public", open)), "device.interlocked");
      const event = await events.next();
      assert.is(event?.name === "interlocked" && event.fields.by, "door.service");
      assert.is(device.lifecycle, "ready", "it is no failure of the device");
      close();
      assert.is(code(await move("staff", open)), "ok");
      const tamper = () => board.set("tamper.cabinet", "active");
      assert.is(code(await move("staff", tamper)), "device.interlocked");
      assert.is(code(await move("safety", tamper)), "ok");
      assert.is(seen.moves, 3);
      close();
      board.set("tamper.cabinet", "inactive");
      assert.is(code(await move("public", close, 500)), "device.timeoutDevice");
      await until("the driver has come back", () => device.lifecycle === "ready");
      assert.is(seen.moves, 3, "answered as overrun: it moves nothing afterwards");
      assert.throws(
        () => device.permit(),
        (error: unknown) => isFault(error, "device.canceled"),
      );
      await device.stop();
    },

  "another device than the expected one is not even recovered, takes nothing, and ours serves again": async (
    module,
  ) => {
    let serial = "B2";
    const { device, seen, until, clock } = rig(module, {
      serial: () => serial,
      driver: { expected: { model: "scripted", serial: "A1" } },
    });
    device.start();
    await until("misbound", () => device.lifecycle === "misbound");
    await clock.sleep(10_000);
    assert.is(device.lifecycle, "misbound");
    assert.is(code(await device.use("actuate", 1_000, (verbs) => verbs.move(1))), "device.misbound");
    assert.equal([seen.recovered, seen.moves], [0, 0]);
    assert.is(device.status().fitness.remedy, "configuration");
    assert.ok(
      seen.lifecycles.every((lifecycle) => ["opening", "identifying", "misbound"].includes(lifecycle)),
    );
    serial = "A1";
    await device.whenReady();
    assert.is(seen.recovered, 1);
    await device.stop();
  },

  "a verb that is declared as an actuate is not taken as a query, nor one that is not declared at all":
    async (module) => {
      const { device, seen, ready } = rig(module, {
        session: {
          capabilities: { grade: "verification" },
          declares: {
            unlock: { kind: "actuate", deviceTimeMs: 100 },
            read: { kind: "query", deviceTimeMs: 100 },
          },
        },
      });
      await ready();
      const send = (
        id: string,
        verb: string,
        kind: "query" | "actuate",
        minGrade?: "verification" | "issuance",
      ) =>
        device.submit(command(id, kind, { verb, ...(minGrade ? { minGrade } : {}) }), (verbs) =>
          verbs.move(500),
        );
      assert.is(code(send("a", "unlock", "query")), "device.unsupported");
      assert.is(code(send("b", "wipe", "actuate")), "device.unsupported");
      assert.is(code(send("c", "read", "query", "issuance")), "device.unsupported");
      assert.is(seen.moves, 0);
      const overrun = await taken(send("d", "unlock", "actuate", "verification")).completion;
      assert.is(code(overrun.result), "device.timeoutDevice", "the declared time is the shorter");
      await device.stop();
    },

  "a driver that has not let go of a motion keeps the device from being opened twice at once": async (
    module,
  ) => {
    const wedged: string[] = [];
    const { device, seen, lives, ready, clock, until } = rig(
      module,
      {},
      { onWedged: (role) => wedged.push(role) },
    );
    await ready();
    void device.use("actuate", 300, (verbs) => verbs.move(900));
    await until("dropped", () => seen.closed === 1);
    assert.is(lives.length, 1);
    await device.whenReady();
    await device.use("actuate", 1_000, (verbs) => verbs.move(100));
    assert.equal([seen.moves, seen.atOnce, wedged], [2, 1, []]);
    void device.use("actuate", 300, never);
    await until("wedged", () => wedged.length === 1);
    assert.is(device.status().counters.wedged, 1);
    await clock.sleep(1);
    await device.stop();
  },
} satisfies Record<string, Rule>;
