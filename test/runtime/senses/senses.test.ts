import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { templateOf } from "../../../drivers/bench/templates.ts";
import { b64u, setLog, sha256Hex, unb64u } from "../../../drivers/kit/index.ts";
import {
  AttestationSchema,
  collectionKeyId,
  newCollectionKey,
  newSigningKey,
  type PublicKey,
  type SigningKey,
  sealTemplate,
  signJws,
  type Voucher,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import { eventually, suite } from "../../kit.ts";
import { isZero, sentFrames } from "../../support/sent.ts";
import { pictures } from "./pictures.ts";
import { type SensesRig, sensesRig } from "./rig.ts";

const { test, run } = suite("senses");
const CHALLENGE = "challenge-of-the-vault-1234";

/** A voucher for a person's finger, and the receipt's key that opens its template. */
function voucherFor(
  { people, voucherKey, config }: SensesRig,
  person: string,
  options: { by?: SigningKey; over?: Partial<Voucher>; position?: number } = {},
) {
  const key = newCollectionKey();
  const seed = people.find(({ id }) => id === person)?.fingers.get(options.position ?? 1);
  if (!seed) throw new TypeError(person);
  const id = "voucher-1";
  const voucher: Voucher = {
    v: 1,
    id,
    unit: config.unit,
    item: "ITEM-0001",
    reference: "KT01-000001-A",
    seq: 1,
    nbf: 0,
    exp: 4_000_000_000,
    keyId: collectionKeyId(key),
    template: sealTemplate(key, id, templateOf(seed, 1536, 7)),
    templateFormat: "ef01-r503-1536",
    ...options.over,
  };
  return {
    session: "s",
    voucher: signJws("guichet.voucher.v1", voucher, options.by ?? voucherKey),
    key: b64u(key),
    challenge: CHALLENGE,
    userTimeMs: 1_000,
  };
}

const sensesKey = (state: string): PublicKey =>
  JSON.parse(readFileSync(join(state, "attestation", "senses.pub.json"), "utf8")) as PublicKey;

test("a finger is captured with prompts; a bad one and none have their own answers; another session is left alone", async (t) => {
  const { core, plant, module } = await sensesRig(t);
  const prompts: string[] = [];
  core.on("finger.prompt", ({ session, prompt }) => prompts.push(`${session}:${prompt}`));
  const capture = (session = "s", userTimeMs = 1_000) =>
    core.call("finger.capture", { session, position: 1, minQuality: 30, userTimeMs });
  plant.placeFinger("finger.front", "ada", 1);
  const sent = sentFrames(t, 1_536, /"t":"a"/);
  const good = await capture();
  assert.ok(good.ok, JSON.stringify(good));
  assert.ok(sent.length > 0);
  await eventually("nothing of the finger is left of what was sent", () => sent.every(isZero));
  const [image, template] = good.value.parts;
  assert.is(image?.length, good.value.body.width * good.value.body.height);
  assert.is(template?.length, 1_536);
  assert.is(good.value.body.templateFormat, "ef01-r503-1536");
  assert.equal(prompts, ["s:place", "s:working", "s:lift"]);
  plant.placeFinger("finger.front", "ada", 1, "wet");
  const wet = await capture();
  assert.is(!wet.ok && wet.error.code, "device.poorQuality");
  plant.liftFinger("finger.front");
  const none = await capture();
  assert.is(!none.ok && none.error.code, "device.timeoutUser");
  const first = capture("first", 60_000);
  await core.call("cancel", { session: "second" });
  await core.call("cancel", { session: "first" });
  const ended = await first;
  assert.is(!ended.ok && ended.error.code, "device.canceled");
  assert.ok((await core.call("visit.clear", {})).ok);
  assert.equal(module.library(), []);
});

test("a match is attested for voucher and challenge with the key that the vault knows, also after a restart", async (t) => {
  const rig = await sensesRig(t);
  const { core, plant, state, module } = rig;
  plant.placeFinger("finger.front", "ada", 1);
  const request = voucherFor(rig, "ada");
  const right = await core.call("finger.verify", request);
  assert.ok(right.ok && right.value.body.matched, JSON.stringify(right));
  const known = sensesKey(state);
  const attested = verifyJws(
    "guichet.attestation.v1",
    AttestationSchema,
    right.value.body.attestation ?? "",
    [known],
  );
  assert.ok(attested.ok);
  assert.is(attested.value.voucherHash, sha256Hex(request.voucher));
  assert.is(attested.value.challenge, CHALLENGE);
  assert.equal(module.library(), []);
  assert.is(statSync(join(state, "senses", "attestation.json")).mode & 0o777, 0o600);
  await rig.restart();
  assert.equal(sensesKey(state), known);
});

test("nothing is attested for a wrong finger, a foreign key, a forged, altered or other unit's voucher, or none on the sensor", async (t) => {
  const rig = await sensesRig(t);
  const { core, plant, module } = rig;
  const verify = async (request: ReturnType<typeof voucherFor>) => {
    const answer = await core.call("finger.verify", request);
    if (answer.ok) assert.is(answer.value.body.attestation, undefined);
    return answer.ok ? `matched ${answer.value.body.matched}` : answer.error.code;
  };
  plant.placeFinger("finger.front", "ben", 1);
  assert.is(await verify(voucherFor(rig, "ada")), "matched false");
  plant.placeFinger("finger.front", "ada", 6);
  assert.is(await verify(voucherFor(rig, "ada")), "matched false");
  plant.placeFinger("finger.front", "ada", 1);
  const good = voucherFor(rig, "ada");
  assert.is(await verify({ ...good, key: b64u(newCollectionKey()) }), "collection.wrongKey");
  assert.is(await verify(voucherFor(rig, "ada", { by: newSigningKey("voucher") })), "signature.unknownKey");
  assert.is(await verify(voucherFor(rig, "ada", { over: { unit: "kt-02" } })), "senses.otherUnit");
  const [head, body, signature] = good.voucher.split(".") as [string, string, string];
  const altered = JSON.parse(unb64u(body).toString()) as Voucher;
  const forged = b64u(Buffer.from(JSON.stringify({ ...altered, item: "ITEM-0002" })));
  assert.is(await verify({ ...good, voucher: `${head}.${forged}.${signature}` }), "signature.bad");
  // the template of another voucher, under the right key
  assert.is(await verify(voucherFor(rig, "ada", { over: { id: "voucher-2" } })), "collection.wrongKey");
  const { template: _, ...without } = altered;
  const bare = signJws("guichet.voucher.v1", without, rig.voucherKey);
  assert.is(await verify({ ...good, voucher: bare }), "senses.noTemplate");
  plant.liftFinger("finger.front");
  assert.is(await verify(good), "device.timeoutUser");
  assert.equal(module.library(), []);
});

test("sensors are read, and a reading of one that is gone is stale, not new", async (t) => {
  const { core, plant } = await sensesRig(t);
  const read = async () => {
    const answer = await core.call("sensor.read", {});
    if (!answer.ok) throw answer.error;
    return answer.value.body.readings;
  };
  const first = await read();
  assert.is(first.length, 3);
  assert.ok(first.every(({ quality, role }) => quality === "good" && role === "sensor.cabinet"));
  plant.unplug("sensor.cabinet");
  await eventually("stale", async () => (await read()).every(({ quality }) => quality === "stale"));
});

test("a connection that closes ends what it asked for; nonsense is refused", async (t) => {
  const { core, connect, allReady } = await sensesRig(t);
  const other = await connect();
  void other.call("finger.capture", { session: "x", position: 1, minQuality: 0, userTimeMs: 600_000 });
  await eventually("busy", async () => {
    const status = await core.call("status", {});
    return status.ok && status.value.body.devices.some(({ lifecycle }) => lifecycle === "busy");
  });
  other.close();
  await allReady();
  const wrong = await core.call("finger.capture", {
    session: "x",
    position: 11,
    minQuality: 0,
    userTimeMs: 1_000,
  });
  assert.is(!wrong.ok && wrong.error.code, "schema.invalid");
});

test("stopping in the middle of everything settles what waits and leaves no camera program", async (t) => {
  const rig = await sensesRig(t);
  const { core, seen, state } = rig;
  seen.jpeg = await pictures.empty();
  await core.call("preview.start", { role: "portrait" });
  const scan = core.call("code.scan", { session: "s", userTimeMs: 600_000 });
  const finger = core.call("finger.capture", {
    session: "s",
    position: 1,
    minQuality: 0,
    userTimeMs: 600_000,
  });
  await eventually("both cameras film", () => filming(state) >= 2);
  await rig.stop();
  for (const ended of [await scan, await finger]) assert.not(ended.ok);
  await eventually("no program left", () => filming(state) === 0);
});

/** Running camera programs of this state folder. */
function filming(state: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${state}/bin/`);
    } catch {
      return false;
    }
  }).length;
}

test("each clearing of the module is told once, with what was removed and nothing of whom", async (t) => {
  const { core, connect } = await sensesRig(t);
  const taken = async () => {
    const answer = await core.call("cleared.take", {});
    if (!answer.ok) throw answer.error;
    return answer.value.body.cleared.map(({ role, why, templates, buffers }) => [
      role,
      why,
      templates,
      buffers,
    ]);
  };
  // Nobody listened while the module was recovered.
  assert.equal(await taken(), [["finger.front", "recovery", 0, true]]);
  const other = await connect();
  const told = new Promise<void>((resolve) => void other.on("cleared", () => resolve()));
  assert.ok((await core.call("visit.clear", {})).ok);
  await told;
  assert.equal(await taken(), [["finger.front", "request", 0, true]]);
  assert.equal(await taken(), []);
});

test("nothing personal is logged", async (t) => {
  const lines: string[] = [];
  setLog({ level: "debug", sink: (line) => lines.push(JSON.stringify(line)) });
  t.after(() => setLog({ level: "error" }));
  const rig = await sensesRig(t);
  rig.plant.placeFinger("finger.front", "ada", 1);
  const request = voucherFor(rig, "ada");
  await rig.core.call("finger.verify", request);
  await rig.core.call("visit.clear", {});
  const text = lines.join("\n");
  assert.match(text, "senses.compared");
  for (const secret of [request.key, request.voucher.slice(0, 60), "KT01-000001", "ITEM-0001"])
    assert.not.match(text, secret);
});

run();
