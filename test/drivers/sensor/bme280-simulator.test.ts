import * as assert from "uvu/assert";
import { Bme280, humidityOf, pressureOf, temperatureOf } from "../../../drivers/sensor/bme280/simulator.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("BME280 simulator");

test("the formulas agree with the vector", () => {
  const fine = 128_422;
  assert.ok(Math.abs(temperatureOf(0x7eed0) - 25.08) < 0.01);
  assert.ok(Math.abs(pressureOf(0x655ac, fine) - 100_653.25) < 1);
  assert.ok(Math.abs(humidityOf(0x7530, fine) - 54.997) < 0.01);
});

test("a forced measurement gives raw values that turn back into the plant's climate", () => {
  const sensor = new Bme280(() => ({ temperatureCel: 31.7, humidityPercent: 72.5, pressurePa: 99_800 }));
  sensor.write(Uint8Array.of(0xd0));
  assert.equal([...sensor.read(1)], [0x60]);
  sensor.write(Uint8Array.of(0xf7));
  assert.equal([...sensor.read(8)], [0x80, 0, 0, 0x80, 0, 0, 0x80, 0], "nothing measured yet");
  sensor.write(Uint8Array.of(0xf2, 0x01, 0xf4, 0x25));
  sensor.write(Uint8Array.of(0xf7));
  const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0, h0 = 0, h1 = 0] = sensor.read(8);
  const t = temperatureOf((t0 << 12) | (t1 << 4) | (t2 >> 4));
  assert.ok(Math.abs(t - 31.7) < 0.01, String(t));
  assert.ok(Math.abs(pressureOf((p0 << 12) | (p1 << 4) | (p2 >> 4), t * 5_120) - 99_800) < 2);
  assert.ok(Math.abs(humidityOf((h0 << 8) | h1, t * 5_120) - 72.5) < 0.1);
  sensor.write(Uint8Array.of(0xe0, 0xb6));
  sensor.write(Uint8Array.of(0xf4));
  assert.equal([...sensor.read(1)], [0], "reset puts it to sleep");
});

run();
