import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { HostReader, says } from "../../../drivers/bench/dispenser/codec.ts";
import { ModuleReader, moduleSays } from "../../../drivers/bench/fingerprint/codec.ts";
import { bits, RequestReader, reply } from "../../../drivers/bench/lock/codec.ts";
import { encodeCommand } from "../../../drivers/dispenser/crt591/frame.ts";
import { Crt591Parser } from "../../../drivers/dispenser/crt591/parser.ts";
import { encodePacket, type PacketId } from "../../../drivers/fingerprint/ef01/frame.ts";
import { Ef01Parser } from "../../../drivers/fingerprint/ef01/parser.ts";
import { request, statusRequest, unlockRequest } from "../../../drivers/lock/kerong/frame.ts";
import { KerongParser } from "../../../drivers/lock/kerong/parser.ts";
import { compensate, readCalibration } from "../../../drivers/sensor/bme280/registers.ts";
import { Bme280, humidityOf, pressureOf, temperatureOf } from "../../../drivers/sensor/bme280/simulator.ts";
import { suite } from "../../kit.ts";

/** Published frames in both directions: what the driver writes the simulator reads, and the other way round. */
const { test, run } = suite("published vectors");
const hex = (text: string) => Buffer.from(text, "hex");
const upper = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex").toUpperCase();
const load = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8")) as T;

const ADDRESS = 0xffffffff;

test("EF01: packets of the host and of the module", () => {
  const KINDS: Record<number, string> = { 1: "command", 2: "data", 8: "lastData" };
  const vectors = load<{ name: string; packet: number; content: string; frame: string }[]>("ef01");
  assert.is(vectors.length, 43);
  for (const { name, packet, content, frame } of vectors) {
    const id = packet as PacketId;
    if (packet !== 7) {
      assert.is(upper(encodePacket({ address: ADDRESS, id, content: hex(content) })), frame, name);
      const { packets, bad } = new ModuleReader(() => ADDRESS).feed(hex(frame));
      assert.equal(
        packets.map(({ kind, body }) => [kind, upper(body)]),
        [[KINDS[packet], content]],
        name,
      );
      assert.is(bad, 0);
    }
    if (packet !== 1) assert.is(upper(moduleSays(ADDRESS, packet as 2 | 7 | 8, hex(content))), frame, name);
    const parsed = new Ef01Parser().push(hex(frame));
    assert.equal(
      parsed.packets.map((found) => [found.id, found.address, upper(found.content)]),
      [[packet, ADDRESS, content]],
      name,
    );
    assert.is(parsed.junk, 0);
  }
});

interface KerongVectors {
  requests: { name: string; board: number; lock: number; command: number; data: number[]; frame: string }[];
  replies: { name: string; board: number; latchBits: number; itemBits: number; frame: string }[];
}

test("Kerong: requests and status replies", () => {
  const { requests, replies } = load<KerongVectors>("kerong");
  assert.equal([requests.length, replies.length], [11, 2]);
  for (const { name, board, lock, command, data, frame } of requests) {
    assert.is(upper(request((board << 4) | lock, command, data)), frame, name);
    if (command === 0x30) assert.is(upper(statusRequest(board)), frame, name);
    if (command === 0x31) assert.is(upper(unlockRequest(board, lock)), frame, name);
    assert.equal(new RequestReader().push(hex(frame)), [{ board, lock, command, data }], name);
    // What the driver reads of its own requests is an echo, never a status.
    assert.is(new KerongParser().push(hex(frame)).statuses.length, 0, name);
  }
  const flags = (word: number) => Array.from({ length: 16 }, (_, i) => ((word >> i) & 1) as 0 | 1);
  for (const { name, board, latchBits, itemBits, frame } of replies) {
    const made = reply(board, 0x35, [...bits(flags(latchBits)), ...bits(flags(itemBits))]);
    assert.is(upper(made), frame, name);
    assert.equal(new KerongParser().push(hex(frame)).statuses, [{ board, latchBits, itemBits }], name);
  }
});

interface CrtVectors {
  commands: { name: string; cm: number; pm: number; frame: string }[];
  replies: {
    name: string;
    ok: boolean;
    cm: number;
    pm: number;
    characters: string;
    data: string;
    frame: string;
  }[];
}

test("CRT-591: commands and replies", () => {
  const { commands, replies } = load<CrtVectors>("crt591");
  assert.equal([commands.length, replies.length], [17, 6]);
  for (const { name, cm, pm, frame } of commands) {
    assert.is(upper(encodeCommand(0, cm, pm, new Uint8Array())), frame, name);
    const [read, ...more] = new HostReader().push(hex(frame));
    assert.equal(more, [], name);
    assert.ok(typeof read === "object", name);
    const { address, command, parameter, data } = read.request;
    assert.equal([address, command, parameter, data.length], [0, cm, pm, 0], name);
  }
  for (const { name, ok, cm, pm, characters, data, frame } of replies) {
    const asked = { address: 0, command: cm, parameter: pm, data: Buffer.alloc(0) };
    assert.is(upper(says(asked, ok, characters, Buffer.from(data, "latin1"))), frame, name);
    const { incoming, junk } = new Crt591Parser().push(hex(frame));
    const [one] = incoming;
    assert.equal([incoming.length, junk], [1, 0], name);
    assert.ok(one?.kind === "reply", name);
    const { reply } = one;
    const said = reply.ok ? reply.st0 + reply.st1 + reply.st2 : reply.error;
    assert.equal([reply.ok, reply.cm, reply.pm, said], [ok, cm, pm, characters], name);
    assert.is(Buffer.from(reply.data).toString("latin1"), data, name);
  }
});

interface BmeVector {
  calibration88: string;
  calibrationA1: string;
  calibrationE1: string;
  data: string;
  temperatureCel: number;
  pressurePa: number;
  humidityPercent: number;
  fine: number;
}

test("BME280: calibration and one measurement", () => {
  const vector = load<BmeVector>("bme280");
  const calibration = readCalibration(
    hex(vector.calibration88),
    hex(vector.calibrationA1)[0] ?? 0,
    hex(vector.calibrationE1),
  );
  const near = (value: number | undefined, wanted: number, within: number) =>
    assert.ok(value !== undefined && Math.abs(value - wanted) <= within, `${value} is not ${wanted}`);
  const read = compensate(calibration, hex(vector.data));
  near(read.temperature, vector.temperatureCel, 0.005);
  near(read.pressure, vector.pressurePa, 0.3);
  near(read.humidity, vector.humidityPercent, 0.01);

  const data = hex(vector.data);
  const raw20 = (at: number) => (data.readUInt16BE(at) << 4) | ((data[at + 2] ?? 0) >> 4);
  near(temperatureOf(raw20(3)), vector.temperatureCel, 0.005);
  near(pressureOf(raw20(0), vector.fine), vector.pressurePa, 0.3);
  near(humidityOf(data.readUInt16BE(6), vector.fine), vector.humidityPercent, 0.01);

  const part = new Bme280(() => ({ ...vector }));
  const block = (register: number, length: number) => {
    part.write(Uint8Array.of(register));
    return upper(part.read(length));
  };
  assert.is(block(0x88, 24), vector.calibration88);
  assert.is(block(0xa1, 1), vector.calibrationA1);
  assert.is(block(0xe1, 7), vector.calibrationE1);
});

run();
