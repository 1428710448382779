import * as assert from "uvu/assert";
import { VirtualClock } from "../../../drivers/conformance/time.ts";
import { isFault } from "../../../drivers/kit/index.ts";
import { type I2cBusObject, i2cPorts } from "../../../drivers/ports/index.ts";
import { suite } from "../../kit.ts";

const { test, run } = suite("i2c ports");

/** Objects as `i2c-bus` makes them, each counting the transfers that run on it at one time. */
function buses(next: () => Promise<number> = async () => 1) {
  const made: { closed: boolean; most: number; transfers: number }[] = [];
  const openPromisified = async (): Promise<I2cBusObject> => {
    const entry = { closed: false, most: 0, transfers: 0 };
    made.push(entry);
    let now = 0;
    const transfer = async () => {
      assert.not.ok(entry.closed, "used after close");
      entry.transfers++;
      entry.most = Math.max(entry.most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return next();
    };
    return {
      readI2cBlock: async (_address, _register, _length, buffer) => ({ bytesRead: await transfer(), buffer }),
      i2cRead: async (_address, _length, buffer) => ({ bytesRead: await transfer(), buffer }),
      i2cWrite: transfer,
      writeByte: async () => void (await transfer()),
      close: async () => {
        entry.closed = true;
      },
    };
  };
  return { open: i2cPorts({ openPromisified }), made };
}
const fails = (code: string, work: Promise<unknown>) =>
  work.then(
    () => assert.unreachable(`no ${code}`),
    (error) => assert.ok(isFault(error, code), String(error)),
  );

test("two users of a bus share one object, one transfer at a time; the last one closes it", async () => {
  const { open, made } = buses();
  const [a, b] = await Promise.all([open(1), open(1)]);
  await Promise.all([
    a.readBlock(0x76, 0, 1),
    b.readBlock(0x77, 0, 1),
    a.writeByte(0x76, 0, 1),
    b.read(0x77, 1),
  ]);
  assert.equal([made.length, made[0]?.most, made[0]?.transfers], [1, 1, 4]);
  await a.close();
  await a.close();
  await fails("device.absent", a.readBlock(0x76, 0, 1));
  await b.readBlock(0x77, 0, 1);
  await b.close();
  assert.ok(made[0]?.closed);
  const c = await open(1);
  await c.readBlock(0x76, 0, 1);
  assert.is(made.length, 2);
});

test("one that comes while the last one leaves gets a bus that works", async () => {
  const { open } = buses();
  const a = await open(1);
  await a.readBlock(0x76, 0, 1);
  const closing = a.close();
  const b = await open(1);
  await closing;
  await b.readBlock(0x76, 0, 1);
});

test("a held bus makes the others wait", async () => {
  const { open } = buses();
  const [a, b] = await Promise.all([open(1), open(1)]);
  const order: string[] = [];
  await Promise.all([
    a.exclusively(async (own) => {
      await own.writeByte(0x76, 0, 1);
      await own.readBlock(0x76, 0, 1);
      order.push("sequence");
    }),
    b.readBlock(0x77, 0, 1).then(() => order.push("other")),
  ]);
  assert.equal(order, ["sequence", "other"]);
});

test("after a failed transfer the object is not used again", async () => {
  let trouble: Error | undefined = Object.assign(new Error("busy"), { code: "EBUSY" });
  const { open, made } = buses(async () => {
    if (trouble) throw trouble;
    return 1;
  });
  const bus = await open(1);
  await fails("device.noReply", bus.readBlock(0x76, 0, 1));
  assert.ok(made[0]?.closed);
  trouble = Object.assign(new Error("no device file"), { code: "ENOENT" });
  await fails("device.absent", bus.readBlock(0x76, 0, 1));
  trouble = undefined;
  await bus.readBlock(0x76, 0, 1);
  await fails("device.protocol", bus.readBlock(0x76, 0, 2));
  await fails("device.protocol", bus.read(0x76, 2));
});

test("a bus that is held is told apart from a part that is away, and every transfer begins on a new object", async () => {
  let errno = "ETIMEDOUT";
  const { open, made } = buses(async () => {
    throw Object.assign(new Error(errno), { code: errno });
  });
  const bus = await open(1);
  const fieldsOf = () =>
    bus.readBlock(0x44, 0, 1).then(
      () => assert.unreachable("no fault"),
      (error) => (isFault(error, "device.noReply") ? error.fields : error),
    );
  for (errno of ["ETIMEDOUT", "EBUSY", "EAGAIN"]) assert.equal(await fieldsOf(), { errno, bus: "held" });
  for (errno of ["EREMOTEIO", "ENXIO", "EIO"]) assert.equal(await fieldsOf(), { errno });
  assert.is(made.length, 6);
});

test("a transfer that never ends costs its caller some seconds and nobody else the bus", async () => {
  const clock = new VirtualClock();
  let transfers = 0;
  const opened: { closed: boolean }[] = [];
  const openPromisified = async (): Promise<I2cBusObject> => {
    const entry = { closed: false };
    opened.push(entry);
    const transfer = async () => {
      if (transfers++ === 0) await new Promise(() => undefined);
      return 1;
    };
    return {
      readI2cBlock: async (_address, _register, _length, buffer) => ({ bytesRead: await transfer(), buffer }),
      i2cRead: async (_address, _length, buffer) => ({ bytesRead: await transfer(), buffer }),
      i2cWrite: transfer,
      writeByte: async () => void (await transfer()),
      close: async () => {
        entry.closed = true;
      },
    };
  };
  const open = i2cPorts({ openPromisified, clock });
  const [a, b] = await Promise.all([open(1), open(1)]);
  const started = clock.mono();
  const first = a.readBlock(0x44, 0, 1).catch((error) => error);
  const second = b.readBlock(0x45, 0, 1);
  const fault = await first;
  assert.ok(isFault(fault, "device.noReply") && fault.fields.bus === "held");
  assert.ok(clock.mono() - started >= 2_500);
  await second;
  assert.is(opened.length, 2);
  await a.close();
  await b.close();
  assert.ok(opened.every(({ closed }) => closed));
});

run();
