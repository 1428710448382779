import type { Cut } from "./cut-line.ts";
import { CUTS } from "./cut-line.ts";
import { type HotplugRig, SERIAL, type SerialRole } from "./rig.ts";

/** One cable pulled in the middle of a frame and put back under another name. Times in ms. */
export interface Trial {
  role: SerialRole;
  cut: Cut;
  /** From the pull until the unit says that the device is absent. */
  absentMs: number;
  /** From the pull until what was asked of the device is answered; undefined when that was before it. */
  answeredMs: number | undefined;
  /** From the plug until the device serves again. */
  backMs: number;
  wrong: string[];
}

export const ABSENT_MS = 1_000;
export const BACK_MS = 5_000;
/** Longest time that a cable is out, ms: longer than the widest pause between two attempts. */
const LONGEST_OUT_MS = 4_000;
/** Longest wait for the frame that is cut, where a probe comes every two seconds, and for all that follows, ms. */
const FRAME_MS = 20_000;

/** So many frames may pass before the one that is cut: into an upload, a print, a status. */
const DEEPEST: Record<SerialRole, Record<Cut, number>> = {
  "finger.front": { answer: 40, question: 4 },
  "printer.receipt": { answer: 8, question: 4 },
  "lock.main": { answer: 1, question: 1 },
  "dispenser.main": { answer: 1, question: 1 },
};

/** @param index decides device and cut; `random` where exactly, and for how long */
export async function trial(rig: HotplugRig, index: number, random: () => number): Promise<Trial> {
  const { chronicle, bench } = rig;
  const role = SERIAL[index % SERIAL.length] as SerialRole;
  const cut = CUTS[Math.floor(index / SERIAL.length) % CUTS.length] as Cut;
  const { line } = rig.cut(role);
  const before = line.device;
  const counts = OTHERS.map((other) => chronicle.count(other));

  const absent = chronicle.next(role, "absent");
  const pulled = new Promise<number>((done) => {
    rig.cut(role).arm(cut, Math.floor(random() * (DEEPEST[role][cut] + 1)), () => {
      const at = performance.now();
      bench.plant.unplug(role);
      done(at);
    });
  });
  const asked = ask(rig, role, index).then((answer) => ({ answer, at: performance.now() }));
  const pulledAt = await within(FRAME_MS, pulled, `${role}: no frame came to be cut`);
  const absentAt = await within(FRAME_MS, absent, `${role}: never absent`);
  const { answer, at: answeredAt } = await within(FRAME_MS, asked, `${role}: its command was never answered`);

  await sleep(random() * LONGEST_OUT_MS);
  const wrong = await others(rig, role);
  const back = chronicle.next(role, "ready");
  const pluggedAt = performance.now();
  await rig.replug(role);
  const backAt = await within(FRAME_MS, back, `${role}: never back`);

  if (line.device === before) wrong.push(`${role}: it came back under the same name`);
  for (const [i, other] of OTHERS.entries())
    if (chronicle.count(other) !== counts[i]) wrong.push(`${other}: told of something that was not`);
  if (role === "printer.receipt" && JSON.stringify(await ask(rig, role, index)) !== JSON.stringify(answer))
    wrong.push(`${role}: the same command had another answer afterwards`);
  for (const process of Object.values(rig.processes))
    if (process.starts() > 1) wrong.push(`${process.name} was started anew`);
  wrong.push(...chronicle.wrong.splice(0));
  bench.plant.liftFinger("finger.front");
  return {
    role,
    cut,
    absentMs: absentAt - pulledAt,
    answeredMs: answeredAt > pulledAt ? answeredAt - pulledAt : undefined,
    backMs: backAt - pluggedAt,
    wrong,
  };
}

/** Never pulled; nothing happens to them. */
const OTHERS = ["sensor.cabinet", "door.service"];

/** Gives the device something to say, so that there is a frame to cut. Resolves when it is answered. */
async function ask({ bench, senses, vault }: HotplugRig, role: SerialRole, index: number): Promise<unknown> {
  switch (role) {
    case "finger.front": {
      const [person] = bench.people;
      if (!person) throw new Error("nobody on the bench");
      bench.plant.placeFinger(role, person.id, 1, "normal");
      return senses.call("finger.capture", {
        session: `s-${index}`,
        position: 1,
        minQuality: 30,
        userTimeMs: 10_000,
      });
    }
    case "printer.receipt": {
      const parts = Array.from({ length: 20 }, (_, i) => ({ text: `line ${i} of a receipt` }));
      return senses.call("receipt.print", { command: `hotplug-${index}`, document: { parts } });
    }
    case "lock.main":
      return vault.call("status", {});
    case "dispenser.main":
      return undefined;
  }
}

/** What the neighbours of the missing device say meanwhile. */
async function others({ senses, vault, bench }: HotplugRig, missing: SerialRole): Promise<string[]> {
  const wrong: string[] = [];
  const readings = await senses.call("sensor.read", {});
  if (!readings.ok || readings.value.body.readings.some(({ quality }) => quality !== "good"))
    wrong.push(`the sensor was not read while ${missing} was away`);
  const edge = new Promise<void>((seen) => {
    const off = vault.on("input", ({ active }) => {
      if (!active) return;
      off();
      seen();
    });
  });
  bench.plant.setInput("door.service", true);
  await within(2_000, edge, "the door").catch(() =>
    wrong.push(`the door was not heard while ${missing} was away`),
  );
  bench.plant.setInput("door.service", false);
  return wrong;
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
