import * as assert from "uvu/assert";
import { isFault } from "../../../drivers/kit/index.ts";
import { Sht31, wordOut } from "../../../drivers/sensor/sht31/simulator.ts";
import { celsius, crc8, percent, wordsOf } from "../../../drivers/sensor/sht31/words.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("sht31");
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const VECTORS = [
  { bytes: "66 66 93 80 00 A2", t: 25, rh: 50 },
  { bytes: "41 D4 3C 00 00 81", t: 0, rh: 0 },
  { bytes: "33 33 88 E6 66 B0", t: -10, rh: 90 },
];

test("the checksum of the datasheet, in driver and simulator", () => {
  assert.is(crc8(hex("BE EF")), 0x92);
  assert.equal(wordOut(0xbeef), [0xbe, 0xef, 0x92]);
  assert.is(crc8(hex("00 00")), 0x81);
  assert.equal(wordOut(0), [0, 0, 0x81]);
});

test("driver and simulator agree on every word, each with its own table", () => {
  for (let word = 0; word <= 0xffff; word++) {
    const out = Uint8Array.from(wordOut(word));
    if (wordsOf(out)[0] !== word) assert.unreachable(`word ${word.toString(16)}`);
  }
});

test("the vectors, read by the driver", () => {
  for (const { bytes, t, rh } of VECTORS) {
    const [rawT = 0, rawRh = 0] = wordsOf(hex(bytes));
    assert.ok(Math.abs(celsius(rawT) - t) < 0.005, `${celsius(rawT)}`);
    assert.ok(Math.abs(percent(rawRh) - rh) < 0.005, `${percent(rawRh)}`);
  }
});

test("the vectors, sent by the simulator", () => {
  for (const { bytes, t, rh } of VECTORS) {
    let now = 0;
    const climate = () => ({ temperatureCel: t, humidityPercent: rh, pressurePa: 100_000 });
    const part = new Sht31({ climate }, { mono: () => now });
    part.write(hex("24 00"));
    assert.throws(() => part.read(6), /EREMOTEIO/, "it does not acknowledge while it measures");
    now = 15;
    assert.equal(Buffer.from(part.read(6)), hex(bytes));
    assert.throws(() => part.read(6), /EREMOTEIO/, "an answer is given once");
  }
});

test("any one bit that falls over on the line is noticed", () => {
  const good = hex("66 66 93 80 00 A2");
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bad = Uint8Array.from(good);
    bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      wordsOf(bad);
      assert.unreachable(`bit ${bit}`);
    } catch (error) {
      assert.ok(isFault(error, "device.protocol"), String(error));
    }
  }
});

run();
