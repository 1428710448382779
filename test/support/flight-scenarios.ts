import * as assert from "uvu/assert";
import type { Plant } from "../../drivers/bench/index.ts";
import { type FlightRig, flightRig } from "./flights.ts";

/** Field faults as the simulators can have them. Each ends with a device in trouble, which is what gets recorded. */
export interface Scenario {
  driver: string;
  /** What happened, for who reads the file's name. */
  happens(rig: FlightRig): Promise<void>;
}

const ready = (rig: FlightRig) => rig.until(() => rig.host.lifecycle === "ready");
const failed = (rig: FlightRig) => rig.until(() => rig.host.status().fitness.state === "failed");
const well = (rig: FlightRig) =>
  rig.until(() => rig.host.lifecycle === "ready" && rig.host.status().fitness.state === "ok");
const FOREVER = Number.POSITIVE_INFINITY;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "lock-late-reply": {
    driver: "lock.kerong",
    happens: async (rig) => {
      await ready(rig);
      await rig.run("unlock");
      await rig.run("read", "the third door is locked and");
      rig.line.arm({ what: { fault: "lateReply", lateMs: 235 }, from: 0, times: 3 });
      await failed(rig);
      rig.line.disarm();
      await well(rig);
      await rig.run("read", "the third door is locked and");
    },
  },
  "finger-garbage-then-unplugged": {
    driver: "fingerprint.ef01",
    happens: async (rig) => {
      await ready(rig);
      const garbage = Uint8Array.of(0x55, 0xef, 0x01, 0xef, 0x13, 0x00);
      rig.line.arm({ what: { fault: "garbageBefore", garbage }, from: 0, times: FOREVER });
      const captured = await rig.run("capture", "the right index");
      // Noise between the packets of an image is what lost data looks like; before an answer it is nothing.
      assert.is(captured.ok, false);
      await rig.until(() => rig.host.lifecycle === "ready");
      rig.line.disarm();
      rig.line.arm({ what: { fault: "garbageBefore", garbage: Uint8Array.of(0x55) }, from: 0, times: 6 });
      const cleared = await rig.run("clear");
      assert.is(cleared.ok, true, "noise before an answer does no harm");
      rig.unplug();
      await rig.clock.sleep(2_500);
    },
  },
  "finger-unplugged-in-an-image": {
    driver: "fingerprint.ef01",
    happens: async (rig) => {
      await ready(rig);
      rig.line.arm({
        what: {
          fault: "replaced",
          by: (reply) => {
            // Half of a packet still arrives.
            queueMicrotask(() => queueMicrotask(() => rig.unplug()));
            return reply.subarray(0, reply.length >> 1);
          },
        },
        from: 40,
        times: 1,
      });
      const captured = await rig.run("capture", "the right index");
      assert.is(captured.ok, false);
      await rig.clock.sleep(1_500);
      rig.replug();
      await well(rig);
    },
  },
  "dispenser-jam": {
    driver: "dispenser.crt591",
    happens: async (rig) => {
      await ready(rig);
      const { plant } = rig.sim as { plant: Plant };
      await rig.run("read", "nothing is in the path");
      plant.cards.setJam(rig.role, { motor: "feed", where: "middle", after: 0 });
      const fed = await rig.run("feed");
      assert.is(fed.ok ? "" : fed.error.code, "device.jammed");
      await rig.run("read", "nothing");
      rig.recorder.unknownOutcome(rig.role);
    },
  },
  "lock-answers-as-another-board": {
    driver: "lock.kerong",
    happens: async (rig) => {
      await ready(rig);
      const by = rig.entry.wire?.otherAddress;
      assert.ok(by);
      rig.line.arm({ what: { fault: "replaced", by }, from: 0, times: FOREVER });
      await failed(rig);
      await rig.clock.sleep(2_000);
      rig.line.disarm();
      await well(rig);
    },
  },
  "sensor-off-the-bus": {
    driver: "sensor.bme280",
    happens: async (rig) => {
      await ready(rig);
      await rig.run("read");
      rig.bus.arm("shortRead", 0, 1);
      await rig.run("read");
      rig.bus.disarm();
      await rig.until(() => rig.host.lifecycle === "ready");
      rig.bus.arm("noAcknowledge", 0, FOREVER);
      await rig.clock.sleep(3_000);
      rig.bus.disarm();
      await well(rig);
      await rig.run("read");
    },
  },
  "printer-silent": {
    driver: "printer.escpos",
    happens: async (rig) => {
      await ready(rig);
      await rig.run("read", "the paper will soon end");
      rig.line.arm({ what: { fault: "noReply" }, from: 2, times: 9 });
      await failed(rig);
      rig.line.disarm();
      await well(rig);
    },
  },
};

/** Plays a scenario; answers the recordings that were written meanwhile. */
export async function recordScenario({ driver, happens }: Scenario): Promise<string[]> {
  const rig = await flightRig(driver);
  try {
    await happens(rig);
    return await rig.flights();
  } finally {
    await rig.stop();
  }
}
