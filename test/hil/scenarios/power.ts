import * as assert from "uvu/assert";
import { COMMAND } from "../../../drivers/lock/kerong/frame.ts";
import type { HANDOVER_PHASES } from "../../../runtime/ipc/index.ts";
import { Visitor } from "../../e2e/person.ts";
import type { VaultClient } from "../../support/vault-client.ts";
import { kioskOf } from "../kiosk.ts";
import type { HilRig } from "../rig.ts";
import { type Note, type Scenario, since, until } from "../scenario.ts";
import { begin, connectVault, loadItem } from "../vault.ts";

/** A step that takes a person two seconds takes an emulated processor a minute. */
const PATIENCE_MS = 300_000;
const LOCK = "lock.main";
const SLOTS = ["1", "2"] as const;
const PACKETS = "/var/lib/guichet/store/packets";

type Plant = HilRig["around"]["bench"]["plant"];
type Phase = (typeof HANDOVER_PHASES)[number];

/** A moment of a hand-over at which the machine goes off. */
interface Point {
  name: string;
  /** Resolves at that moment. */
  reached(rig: HilRig, client: VaultClient): Promise<void>;
  /** What the person does as soon as the latch was seen open, and the door. */
  unlocked?(plant: Plant, slot: string): void;
  opened?(plant: Plant, slot: string): void;
  /** What the person does while the machine is off. */
  off?(plant: Plant, slot: string): void;
}

const phase =
  (wanted: Phase) =>
  (_rig: HilRig, client: VaultClient): Promise<void> =>
    new Promise((resolve) => client.on("handover", ({ phase }) => phase === wanted && resolve()));

/** The frame that unlocks has come to the lock board. */
const unlockSent = (rig: HilRig): Promise<void> =>
  new Promise((resolve) => {
    const stop = rig.onBytes((roles, bytes) => {
      if (!roles.includes(LOCK) || bytes[2] !== COMMAND.unlock) return;
      stop();
      resolve();
    });
  });

const pull = (plant: Plant, slot: string): void => plant.openDoor(slot);
const takeAndClose = (plant: Plant, slot: string): void => {
  plant.takeItem(slot);
  plant.closeDoor(slot);
};

const POINTS: readonly Point[] = [
  { name: "the intent is told", reached: phase("intent") },
  { name: "the unlock is told as issued", reached: phase("issued") },
  { name: "the frame that unlocks is on the line", reached: unlockSent },
  { name: "the latch was seen open", reached: phase("unlocked"), off: pull },
  { name: "the door was seen open", reached: phase("opened"), unlocked: pull, off: takeAndClose },
  {
    name: "the door was seen closed",
    reached: phase("closed"),
    unlocked: pull,
    opened: takeAndClose,
  },
];

/** What is true of a hand-over that was cut, and what the unit says of it afterwards. */
interface Seen {
  /** Motions of the slot's lock when the machine was off, and at the end. */
  motions: [number, number];
  /** Whether the document has left the slot. */
  taken: boolean;
  outcome: string | undefined;
  /** What the same command, and the same voucher, get after the restart. */
  repeated: string;
  voucher: string;
}

/** Throws when something was done twice, or the unit says what is not so. */
function judge({ motions: [off, end], taken, outcome, repeated, voucher }: Seen): void {
  assert.ok(off <= 1, "one motion at most");
  assert.is(end, off, "nothing moved once more");
  if (off === 0) {
    assert.ok(outcome === undefined || outcome === "notMoved", `nothing moved, and it says ${outcome}`);
    return;
  }
  assert.is(outcome, taken ? "taken" : "presented");
  assert.is(repeated, outcome, "the same command gets its stored answer");
  assert.is(voucher, "vault.consumed");
}

/** One hand-over, cut at a point, and the machine on again. */
async function cutHandover(rig: HilRig, point: Point, slot: string, note?: Note): Promise<Seen> {
  const { plant } = rig.around.bench;
  const motions = (): number => plant.motions()[slot] ?? 0;
  const item = await loadItem(rig, slot);
  const before = motions();
  const client = await connectVault(rig, LOCK);
  const request = await begin(rig, client, item);
  client.on("handover", ({ phase }) => {
    if (phase === "unlocked" || phase === "opened") point[phase]?.(plant, slot);
  });
  const reached = point.reached(rig, client);
  void client.call("collect.release", request).catch(() => undefined);
  await reached;
  await rig.guest.cut();
  client.close();
  const off = motions() - before;
  point.off?.(plant, slot);
  const began = performance.now();
  await rig.again();
  const next = await connectVault(rig, LOCK);
  note?.(`off when ${point.name}, until the vault was ready again`, since(began), "s");
  try {
    const known = await next.call("collect.outcome", { command: request.command });
    if (!known.ok) throw known.error;
    const repeated = await next.call("collect.release", request);
    const used = await next.call("collect.begin", { voucher: request.voucher });
    return {
      motions: [off, motions() - before],
      taken: !plant.ledgerOfItems().some(({ place }) => place === slot),
      outcome: known.value.body.handover?.outcome,
      repeated: repeated.ok
        ? (repeated.value.body.outcome ?? repeated.value.body.phase)
        : repeated.error.code,
      voucher: used.ok ? "begun" : used.error.code,
    };
  } finally {
    next.close();
  }
}

/** Resolves as soon as what the centre has fits. */
function centreHas({ around }: HilRig, fits: (rows: Row[]) => boolean): Promise<void> {
  const { centre } = around;
  return new Promise((resolve) => {
    const stop = centre.context.events.on("changed", () => {
      void centre.submissions.list().then((rows) => {
        if (!fits(rows)) return;
        stop();
        resolve();
      });
    });
  });
}
type Row = Awaited<ReturnType<HilRig["around"]["centre"]["submissions"]["list"]>>[number];

/** One submission, and the machine off at four moments of it. */
async function cutSubmission(rig: HilRig, note: Note): Promise<void> {
  const { around } = rig;
  const list = () => around.centre.submissions.list();
  const visitor = new Visitor(rig.screen.page, kioskOf(rig));
  visitor.page.setDefaultTimeout(PATIENCE_MS);
  const [ada] = around.bench.people;
  assert.ok(ada);
  const before = (await list()).length;
  const off = async (what: string, next: (began: number) => Promise<void>): Promise<void> => {
    await rig.guest.cut();
    const began = performance.now();
    await rig.again();
    await next(began);
    note(`off when ${what}, until the unit had gone on from there`, since(began), "s");
  };

  // Nobody but the unit knows of what is sent now: the centre is out of reach.
  await rig.guest.sh("systemctl stop hil-broker.socket hil-broker.service");
  const applying = visitor
    .apply(ada, { service: "hkic-application", offline: true })
    .catch((reason: unknown) => reason);
  const shown = visitor.page.locator('[data-view="receipt"] [data-reference]').first();
  // An application that fails says why; one whose machine goes off fails too, and later.
  const reference = await Promise.race([
    shown.textContent().then((text) => text?.trim() ?? ""),
    applying.then((reason) => {
      throw reason;
    }),
  ]);
  assert.ok(reference.startsWith(`${rig.nonce}-`), reference);
  assert.is((await list()).length, before, "the centre has got nothing");

  const begun = centreHas(rig, (rows) => rows.length === before + 1);
  await off("the receipt is on the screen", () => begun);
  await applying;
  const accepted = centreHas(rig, (rows) => rows.some((row) => row.reference === reference));
  await off("the centre has its manifest", () => accepted);
  await off("the centre has taken it in", async () => {
    await until(
      "the unit has heard so and erased it",
      async () => (await rig.guest.sh(`ls -A ${PACKETS} | wc -l`)) === "0",
    );
  });
  await off("the unit has erased it", async () => (await connectVault(rig, LOCK)).close());
  const mine = (await list()).filter((row) => row.reference === reference);
  assert.equal(
    mine.map(({ state }) => state),
    ["accepted"],
  );
  assert.is((await list()).length, before + 1, "it was sent once");
}

/** Has the vault's store say to nobody that it must be written: SQLite's `synchronous=OFF`. */
const MUTANT = `cd /usr/lib/guichet && sed -i 's/\\["synchronous",[^,]*,[^]]*\\]/["synchronous","OFF",0]/' vault.bundle.cjs && grep -q '"synchronous","OFF",0' vault.bundle.cjs && sync`;

/**
 * QEMU killed at ten moments: what the guest had not synced is lost, as with a plug that is pulled. What was acknowledged to
 * somebody stays; nothing moves twice; what the unit says afterwards is what the plant shows. At the end the rule is taken
 * away, which must be noticed.
 */
export const scenario: Scenario = {
  name: "kill -9 of QEMU at ten points of submit and hand-over",
  run: async (rig, note) => {
    await cutSubmission(rig, note);
    for (const [i, point] of POINTS.entries()) {
      const seen = await cutHandover(rig, point, SLOTS[i % SLOTS.length] ?? "1", note);
      note(
        `off when ${point.name}: motions, and what the unit says`,
        `${seen.motions[1]}, ${seen.outcome}`,
        "",
      );
      judge(seen);
    }
    await rig.guest.sh(MUTANT);
    const [, , , , doorOpen] = POINTS;
    assert.ok(doorOpen);
    const mutant = await cutHandover(rig, doorOpen, "1");
    const told = `${mutant.motions[1]} motions, ${mutant.outcome}`;
    let caught = false;
    try {
      judge(mutant);
    } catch {
      caught = true;
    }
    note("the mutant synchronous=OFF", caught ? "caught" : "not caught", told, {
      text: "caught",
      met: caught,
    });
    assert.ok(caught, "the mutant synchronous=OFF is caught");
  },
};
