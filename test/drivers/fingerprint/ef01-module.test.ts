import * as assert from "uvu/assert";
import { matchScore, templateOf } from "../../../drivers/bench/templates.ts";
import {
  autoEnrol,
  autoIdentify,
  autoStep,
  cancelAutomatic,
} from "../../../drivers/fingerprint/ef01/automatic.ts";
import { OP } from "../../../drivers/fingerprint/ef01/frame.ts";
import {
  changeAddress,
  changePacketSize,
  changePassword,
  changeRate,
  changeSecurity,
} from "../../../drivers/fingerprint/ef01/settings.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { suite } from "../../kit.ts";
import { bench, code, context, finger, seedOf } from "./support.ts";

const { test, run } = suite("ef01 module");
const never = new AbortController().signal;

test("an R503 answers every command of its table", async (t) => {
  const { state, simulator, bare } = bench(t);
  const { module } = await bare();
  await module.verifyPassword();
  state.finger = finger(1);
  assert.is(await module.takeImageJudged(), 0);
  assert.is(await module.takeImage(), 0);
  assert.is((await module.uploadImage()).length, 18_432);
  assert.is(await module.makeFeatures(1), 0);
  assert.is(await module.makeModel(), 0);
  await module.store(5);
  assert.ok(await module.load(1, 5));
  assert.not(await module.load(1, 6));
  assert.is((await module.search(0, 200))?.page, 5);
  assert.equal(await module.indexTable(0), [5]);
  assert.is(await module.templateCount(), 1);
  const template = await module.uploadTemplate();
  await module.downloadTemplate(1, template);
  assert.is(await module.checkSensor(), true);
  assert.ok(await module.handshake());
  assert.match(await module.algorithmVersion(), "BENCH");
  assert.match(await module.firmwareVersion(), "BENCH");
  assert.equal(await module.productInfo(), { serial: "BENCH001", firmware: "1.4", templateBytes: 1536 });
  assert.is((await module.randomCode()).length, 4);
  assert.is((await module.readInfoPage()).length, 512);
  const note = new Uint8Array(32).fill(7);
  await module.writeNotepad(3, note);
  simulator.powerCycle();
  assert.equal(Uint8Array.from(await module.readNotepad(3)), note);
  await module.aura(2, 6, 0x20, 3);
  assert.equal(simulator.state.light, { control: 2, speed: 0x20, colour: 6, count: 3 });
  await module.downloadImage(new Uint8Array(18_432));
  await module.remove(5);
  assert.is(await module.templateCount(), 0);
  await module.empty();
  assert.ok(await module.softReset());
});

test("a ZFM module matches two buffers, searches fast and has its own light and handshake", async (t) => {
  const { state, bare } = bench(t, "zfm");
  const { module } = await bare();
  state.finger = finger(1);
  await module.takeImage();
  assert.is((await module.uploadImage()).length, 36_864);
  await module.makeFeatures(1);
  await module.makeFeatures(2);
  assert.ok(((await module.match()) ?? 0) >= 60);
  await module.store(9);
  assert.is((await module.search(0, 162, true))?.page, 9);
  await module.light(true);
  await module.light(false);
  await module.portControl(0);
  assert.is(await module.checkSensor(), undefined);
  assert.is(await module.takeImageDark(), 2);
});

test("packet size, security and rate are changed, read back, and kept over a power-up", async (t) => {
  const { simulator, bare } = bench(t);
  const { module, link } = await bare();
  assert.ok(await changePacketSize(module, 128, 256));
  assert.is(link.packetSize, 256);
  assert.ok(await changeSecurity(module, 3, 5));
  assert.ok(await changeRate(module, link, 57_600, 115_200));
  simulator.powerCycle();
  const found = await module.parameters();
  assert.equal(found, { capacity: 200, packetSize: 256, baudRate: 115_200, security: 5 });
  for (const bad of [14_400, 0, 230_400]) {
    const failed = await changeRate(module, link, 115_200, bad).catch((error) => error);
    assert.ok(isFault(failed, "device.invalidParameter"));
  }
});

test("a setting that is confirmed and not taken is put back, and the module still answers", async (t) => {
  const { simulator, bare } = bench(t, "r503", { stuck: [4, 5, 6] });
  const { module, link } = await bare();
  assert.not(await changePacketSize(module, 128, 256));
  assert.is(link.packetSize, 128);
  assert.not(await changeSecurity(module, 3, 1));
  assert.not(await changeRate(module, link, 57_600, 115_200));
  await module.verifyPassword();
  assert.equal(
    [simulator.state.flash.sizeCode, simulator.state.flash.security, simulator.state.baud],
    [2, 3, 6],
  );
});

test("a rate that would hold from the next power-up on only is taken back", async (t) => {
  const { simulator, bare } = bench(t, "r503", { rateNeedsPower: true });
  const { module, link } = await bare();
  assert.not(await changeRate(module, link, 57_600, 115_200));
  await module.verifyPassword();
  simulator.powerCycle();
  assert.is(simulator.state.baud, 6);
  await module.verifyPassword();
});

test("the driver brings a module to the configured rate and the widest packets, once", async (t) => {
  const { simulator, open } = bench(t);
  const session = await open({ port: { path: "/dev/x", baudRate: 115_200 }, security: 2 });
  await session.probe();
  const { flash, baud } = simulator.state;
  assert.equal([baud, flash.baud, flash.sizeCode, flash.security], [12, 12, 3, 2]);
});

test("a module that cannot change its rate is used as it is, and its flash left alone at the next opening", async (t) => {
  const { state, simulator, driver } = bench(t, "r503", { stuck: [4] });
  const own = driver({ port: { path: "/dev/x", baudRate: 115_200 } });
  const first = await own.open(never);
  await first.probe();
  await first.close();
  assert.is(simulator.state.baud, 6);
  state.sent.length = 0;
  const second = await own.open(never);
  await second.probe();
  assert.not(state.sent.some((packet) => packet.slice(18, 22) === "0e04"));
});

test("a password and an address are changed and survive a power-up; wrong ones are told from silence", async (t) => {
  const { simulator, bare } = bench(t);
  const { module, link } = await bare();
  assert.ok(await changePassword(module, link, 0, 0x12345678));
  assert.ok(await changeAddress(module, link, 1, 0x12345678));
  simulator.powerCycle();
  assert.is(simulator.state.flash.address, 1);
  const locked = await module.templateCount().catch((error) => error);
  assert.ok(isFault(locked, "device.refused"));
  const wrong = await module.verifyPassword(0).catch((error) => error);
  assert.ok(isFault(wrong, "device.misbound"));
  await module.verifyPassword(0x12345678);
  assert.is(await module.templateCount(), 0);
});

test("templates of any length go up and down; two of different lengths never compare", async (t) => {
  for (const templateBytes of [512, 768, 1536]) {
    const { state, open } = bench(t, "zfm", { templateBytes });
    const session = await open();
    await session.recover();
    state.finger = finger(1);
    const captured = await session.verbs.capture({ position: 1, minQuality: 20 }, context());
    assert.ok(captured.ok, JSON.stringify(captured));
    assert.is(captured.value.template.length, templateBytes);
    assert.is(captured.value.templateFormat, `ef01-zfm-${templateBytes}`);
    const { template, templateFormat } = captured.value;
    const same = await session.verbs.verify({ template, templateFormat }, context());
    assert.ok(same.ok && same.value.matched);
    const other = {
      template: templateOf(seedOf(1), templateBytes + 256),
      templateFormat: `ef01-zfm-${templateBytes + 256}`,
    };
    assert.is(code(await session.verbs.verify(other, context())), "device.invalidParameter");
  }
});

test("a module without ReadSysPara works with what its family has at least", async (t) => {
  const { state, open } = bench(t, "zfm", { lacks: [OP.readParameters] });
  const session = await open();
  await session.recover();
  state.finger = finger(1);
  assert.is(code(await session.verbs.capture({ position: 1, minQuality: 20 }, context())), "ok");
});

test("a transfer without an end is ended by its size, and the next command gets its own answer", async (t) => {
  const { state, bare } = bench(t, "zfm", { noEnd: true });
  const { module } = await bare();
  state.finger = finger(1);
  await module.takeImage();
  const endless = await module.uploadImage().catch((error) => error);
  assert.ok(isFault(endless, "device.protocol"));
  assert.is(await module.templateCount(), 0);
});

test("a data packet that is lost or doubled never makes an image or a template", async (t) => {
  for (const fault of ["badSum", "duplicate", "noReply"] as const) {
    const { state, simulator, hooks, open } = bench(t);
    const session = await open();
    state.finger = finger(1);
    for (const op of [OP.uploadImage, OP.uploadTemplate]) {
      hooks.onCommand = (command) => {
        simulator.setFault(command === op ? fault : "ok", command === op ? 3 : 0);
      };
      const result = await session.verbs.capture({ position: 1, minQuality: 20 }, context());
      assert.not(result.ok, `${fault} at ${op}`);
    }
  }
});

test("steps of AutoEnroll are read in either count", () => {
  assert.equal([0x0a, 0x0b, 0x0c].map(autoStep), ["features", "image", "features"]);
  assert.equal([0x10, 0x11, 0x12].map(autoStep), ["features", "image", "features"]);
  assert.equal([0x0d, 0x0e, 0x0f, 0, 0x20].map(autoStep), [
    "duplicates",
    "merged",
    "stored",
    undefined,
    undefined,
  ]);
});

test("an R503 enrols and identifies by itself, step by step, and Cancel ends it with nothing stored", async (t) => {
  for (const stepsLookDecimal of [false, true]) {
    const { state, simulator, bare } = bench(t, "r503", { stepsLookDecimal });
    const { link } = await bare();
    state.finger = finger(1);
    const steps: string[] = [];
    const enrolled = await autoEnrol(link, 4, never, (step) => {
      steps.push(step);
      // Features are made: the finger is lifted and laid on again.
      if (step !== "features") return;
      state.finger = null;
      setTimeout(() => {
        state.finger = finger(1);
      }, 120);
    });
    assert.ok(enrolled.ok && enrolled.value === 4, JSON.stringify(enrolled));
    assert.is(steps.filter((step) => step === "features").length, 6);
    assert.equal(steps.slice(-3), ["duplicates", "merged", "stored"]);
    assert.ok(
      matchScore(simulator.state.pages.get(4) ?? new Uint8Array(), templateOf(seedOf(1), 1536)) >= 60,
    );
    state.finger = finger(1);
    const who = await autoIdentify(link, { first: 0, count: 200, security: 3 }, never, () => undefined);
    assert.ok(who.ok && who.value?.page === 4);
    state.finger = finger(2);
    const nobody = await autoIdentify(link, { first: 0, count: 200, security: 3 }, never, () => undefined);
    assert.ok(nobody.ok && nobody.value === undefined);
    state.finger = null;
    const abort = new AbortController();
    const waiting = autoEnrol(link, 5, abort.signal, () => undefined);
    setTimeout(() => abort.abort(), 60);
    assert.is(code(await waiting), "device.canceled");
    assert.equal(simulator.library(), [4]);
    await cancelAutomatic(link);
  }
});

run();
