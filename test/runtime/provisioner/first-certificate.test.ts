import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import mqtt from "mqtt";
import * as assert from "uvu/assert";
import { setLog, systemClock } from "../../../drivers/kit/index.ts";
import { claim, dn, newSigningKey, up } from "../../../fleet/contract/index.ts";
import { startCentre } from "../../../fleet/server/index.ts";
import { type Answer, readAnswer, signAnswer } from "../../../provisioning/answer/index.ts";
import { certificateRequest } from "../../../provisioning/device/index.ts";
import { type Bootstrap, readConfiguration } from "../../../provisioning/index.ts";
import { Inbox } from "../../../runtime/core/bundles/index.ts";
import { claimLinkOf, Link } from "../../../runtime/core/link/index.ts";
import { openCoreStore } from "../../../runtime/core/store/index.ts";
import { Agent } from "../../../runtime/provisioner/index.ts";
import { eventually, suite, type TestContext } from "../../kit.ts";
import {
  board,
  CLAIM,
  certificate,
  codeOf,
  content,
  given,
  HEALTHY,
  IDENTITY,
  Owner,
  signed,
} from "../../support/bundles.ts";
import { makePki, startMosquitto } from "../../support/mosquitto.ts";
import { stateFolder } from "../../support/office.ts";

const { test, run } = suite("the first certificate over the link");
const owner = new Owner();
const BOARD = IDENTITY.device;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A broker with a listener for claims, a centre, and a board with name, services and configuration, but no certificate. */
async function rig(t: TestContext) {
  const reasons: unknown[] = [];
  setLog({ level: "info", sink: ({ event, reason }) => event === "centre.ignored" && reasons.push(reason) });
  t.after(() => setLog({ level: "error", sink: () => undefined }));
  const dir = stateFolder(t);
  const [pki, claims] = [await makePki(join(dir, "pki")), await makePki(join(dir, "claims"))];
  const broker = await startMosquitto({ pki, claims });
  t.after(() => broker.stop());
  const centre = await startCentre({
    dir: join(dir, "centre"),
    brokerUrl: broker.url,
    tls: await pki.issue("centre"),
    port: 0,
    matcher: { score: () => undefined },
  });
  t.after(() => centre.stop());
  await centre.connected;
  const { cert, key } = await claims.issueBoard(BOARD);
  const bootstrap: Bootstrap = { v: 1, url: broker.claimsUrl, ca: pki.ca, cert, key };

  const { state } = board(t, owner);
  const agent = await Agent.open({ state, trial: HEALTHY });
  const configuration = {
    centre: { host: "centre", broker: { url: broker.url, ca: pki.ca }, ...centre.keys },
  };
  /** What a technician's stick gives the board. */
  const provision = async (by: Bootstrap = bootstrap) => {
    const reports = await agent.takeCopies(
      given(
        signed(
          owner,
          content("claim", {
            files: [
              { path: "bootstrap.json", bytes: json(by) },
              { path: "claim.json", bytes: json(CLAIM) },
            ],
          }),
        ),
        signed(owner, content("content")),
        signed(owner, content("configuration", {}, configuration)),
      ),
      [],
    );
    return reports.map(({ result }) => codeOf(result));
  };
  /** Its core, as far as it asks. */
  const ask = async () => {
    const link = await claimLinkOf(state, { clock: systemClock, backoff: [20, 200] });
    if (!link) throw new Error("nothing to ask by");
    const inbox = new Inbox({ state, way: link });
    t.after(() => inbox.stop());
    t.after(() => link.stop());
    agent.start();
    t.after(() => agent.stop());
    link.start();
    return link;
  };
  const answer = (): Answer => {
    const read = readAnswer(readFileSync(join(state, "answer.jws"), "latin1"));
    if (!read.ok) throw read.error;
    return read.value;
  };
  /** A client with the certificate that came with the claim, by hand. */
  const stranger = async (url = broker.claimsUrl, tls: { cert: string; key: string } = bootstrap) => {
    const client = await mqtt.connectAsync(url, {
      ...tls,
      ca: pki.ca,
      protocolVersion: 5,
      reconnectPeriod: 0,
      connectTimeout: 5_000,
    });
    t.after(() => client.endAsync(true));
    return client;
  };
  const listed = async () => (await centre.claims.list())[0];
  const tls = (pem: string | Buffer, counter = 1) =>
    signed(
      owner,
      content("certificates", { counter, files: [{ path: "tls.crt", bytes: Buffer.from(pem) }] }),
    );
  return {
    dir,
    pki,
    claims,
    broker,
    centre,
    state,
    agent,
    bootstrap,
    provision,
    ask,
    answer,
    stranger,
    listed,
    tls,
    reasons,
  };
}

test("a board that is listed asks, an operator who has compared its key approves, and it comes up with its certificate", async (t) => {
  const { dir, pki, centre, state, answer, provision, ask, listed, tls } = await rig(t);
  assert.equal(await provision(), ["ok", "ok", "ok"]);
  await centre.claims.enter({ device: BOARD, unit: "kt-01", services: ["demo"] }, "anna");
  const link = await ask();
  await eventually("it has asked", async () => (await listed())?.state === "asked");
  const kid = answer().key.kid;
  assert.equal(await listed(), { device: BOARD, unit: "kt-01", state: "asked", key: kid });
  assert.is(codeOf(await centre.claims.answer(BOARD, tls("too early"), "anna")), "centre.wrongState");
  assert.is(codeOf(await centre.claims.approve(BOARD, newSigningKey("unit").kid, "anna")), "centre.notAsked");
  const approved = await centre.claims.approve(BOARD, kid, "anna");
  assert.ok(approved.ok && approved.value.unit === "kt-01");
  const pem = await pki.certify(approved.ok ? approved.value.request : "");
  assert.ok((await centre.claims.answer(BOARD, tls(pem), "anna")).ok);
  await eventually("it has its certificate", () => existsSync(join(state, "config", "tls.crt")));
  assert.is(readFileSync(join(state, "config", "tls.crt"), "utf8"), pem);
  await eventually("it asks for none any more", () => answer().request === undefined);
  await link.stop();

  // Started anew, it has nothing to ask any more, and is linked as every unit is.
  assert.is(await claimLinkOf(state, { clock: systemClock }), undefined);
  const configuration = await readConfiguration(state);
  if (!configuration.ok) throw configuration.error;
  const store = await openCoreStore(state);
  t.after(() => store.close());
  const own = new Link({
    state,
    configuration: configuration.value,
    store,
    clock: systemClock,
    birth: () => ({}),
    backoff: [20, 200],
  });
  const inbox = new Inbox({ state, way: own });
  t.after(() => inbox.stop());
  t.after(() => own.stop());
  own.start();
  await eventually("it is linked", () => own.up);
  await eventually("its answer is the unit's", () => existsSync(join(dir, "centre", "answers", "kt-01.jws")));
});

test("the certificate is sent again to a board that was away when it was sent first", async (t) => {
  const { pki, centre, state, provision, ask, answer, listed, tls } = await rig(t);
  await provision();
  await centre.claims.enter({ device: BOARD, unit: "kt-01", services: [] }, "anna");
  const link = await ask();
  await eventually("it has asked", async () => (await listed())?.state === "asked");
  await link.stop();
  const approved = await centre.claims.approve(BOARD, answer().key.kid, "anna");
  await centre.claims.answer(
    BOARD,
    tls(await pki.certify(approved.ok ? approved.value.request : "")),
    "anna",
  );
  await ask();
  await eventually("it has its certificate", () => existsSync(join(state, "config", "tls.crt")));
});

test("a board that is not listed, asks for another name, or by another key than first, gets nothing", async (t) => {
  const { pki, centre, state, provision, ask, answer, listed, reasons, stranger, tls, agent } = await rig(t);
  await provision();
  const link = await ask();
  await eventually("nobody is listed", () => reasons.includes("notListed"));
  assert.equal(await centre.claims.list(), []);
  assert.is(codeOf(await centre.claims.approve(BOARD, answer().key.kid, "anna")), "centre.notFound");

  await link.stop();
  await centre.claims.enter({ device: BOARD, unit: "kt-02", services: [] }, "anna");
  const client = await stranger();
  const say = async (jws: string, reason: string) => {
    reasons.length = 0;
    await client.publishAsync(claim.answer(BOARD), jws, { qos: 1 });
    await eventually(reason, () => reasons[0] === reason);
  };
  const genuine = await agent.answer();
  await say(genuine, "name");
  const thief = newSigningKey("unit");
  const tlsKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const forged = (over: Partial<Answer>) => signAnswer({ ...answer(), key: thief.public, ...over }, thief);
  const named = { unit: "kt-02", site: "kwun-tong", groups: [] };
  // The right name around a request for another's.
  await say(forged({ claim: named }), "name");
  await say(
    forged({
      claim: named,
      request: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    }),
    "name",
  );
  await say(forged({ claim: named, device: "board-8" }), "name");
  // A key under the id that the board's screen says: whoever compares ids would take it for the board's.
  const request = certificateRequest("kt-02", tlsKey);
  const passing = { ...thief, kid: answer().key.kid, public: { ...thief.public, kid: answer().key.kid } };
  const mimicked = signAnswer({ ...answer(), claim: named, request, key: passing.public }, passing);
  assert.is(codeOf(readAnswer(mimicked)), "signature.bad");
  await say(mimicked, "keyId");
  await say(signAnswer({ ...answer(), claim: named }, thief), "form");
  await say("not signed", "form");
  assert.is((await listed())?.state, "listed");

  await centre.claims.enter({ device: BOARD, unit: "kt-01", services: [] }, "anna");
  await client.publishAsync(claim.answer(BOARD), genuine, { qos: 1 });
  await eventually("the first key is known", async () => (await listed())?.key === answer().key.kid);
  await say(forged({ request: certificateRequest("kt-01", tlsKey) }), "otherKey");
  assert.is((await listed())?.key, answer().key.kid);
  // Approved, it still takes no certificate for another key than its own.
  await centre.claims.approve(BOARD, answer().key.kid, "anna");
  await client.endAsync(true);
  await ask();
  await centre.claims.answer(BOARD, tls(certificate("kt-01", tlsKey)), "anna");
  await eventually("refused", () => answer().taken.some(({ code }) => code === "bundle.wrongCertificate"));
  assert.not.ok(existsSync(join(state, "config", "tls.crt")));
  await centre.claims.answer(BOARD, tls(await pki.certify(String(answer().request)), 2), "anna");
  await eventually("taken", () => existsSync(join(state, "config", "tls.crt")));
});

test("what came with the claim opens the listener for claims and its board's two topics there, and nothing else", async (t) => {
  const { pki, claims, broker, centre, stranger, bootstrap, provision } = await rig(t);
  const client = await stranger();
  const refused = (topic: string) =>
    client.publishAsync(topic, "x", { qos: 1 }).then(
      () => assert.unreachable(`${topic} was taken`),
      (error: { code?: number }) => assert.is(error.code, 135, topic),
    );
  for (const topic of [
    up.answer("kt-01"),
    up.birth("kt-01"),
    up.answer(`claim.${BOARD}`),
    dn.bundle("kt-01", "b", 0, 1),
    claim.answer("board-8"),
    claim.bundle(BOARD, "b", 0, 1),
    claim.bundle("board-8", "b", 0, 1),
    "k1/host/centre/state",
    "else",
  ])
    await refused(topic);

  // It may ask for everything, and hears its own: the host's retained state, and what goes to others, stays away.
  const heard: string[] = [];
  client.on("message", (topic) => heard.push(topic));
  await client.subscribeAsync(["#", "k1/#", "k1/host/+/state", "k1/d/kt-01/dn/#", claim.all("board-8")], {
    qos: 1,
  });
  await centre.sendBundle("kt-01", Buffer.from("x"));
  await centre.context.publish(claim.bundle("board-8", "b", 0, 1), "x");
  await centre.context.publish(claim.bundle(BOARD, "b", 0, 1), "x");
  await eventually("its own has come", () => heard.length > 0);
  assert.equal([...new Set(heard)], [claim.bundle(BOARD, "b", 0, 1)]);

  const keeps = (url: string, tls: { cert: string; key: string }) =>
    stranger(url, tls).then(
      () => true,
      () => false,
    );
  assert.is(await keeps(broker.url, bootstrap), false);
  assert.is(await keeps(broker.claimsUrl, await pki.issue("kt-01")), false);
  assert.is(await keeps(broker.claimsUrl, await pki.issue("centre")), false);

  // A claim that brings what does not fit this board is not taken.
  const foreign = await claims.issueBoard("board-8");
  assert.equal(
    (await provision({ ...bootstrap, cert: foreign.cert, key: foreign.key }))[0],
    "bundle.wrongCertificate",
  );
  assert.equal((await provision({ ...bootstrap, key: foreign.key }))[0], "bundle.wrongCertificate");
});

run();
