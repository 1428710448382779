import * as assert from "uvu/assert";
import { type Clock, systemClock } from "../../../../drivers/kit/index.ts";
import {
  type Decision,
  newReplyKey,
  newSigningKey,
  openSmall,
  type Probe,
  prefillBinding,
  probeBinding,
  type SealKey,
  sealSmall,
  signJws,
} from "../../../../fleet/contract/index.ts";
import { Questions } from "../../../../runtime/core/questions/index.ts";
import { suite } from "../../../kit.ts";
import { FakeLink } from "../../../support/office.ts";
import { unitConfiguration } from "../../../support/unit.ts";

const { test, run } = suite("questions");
const decider = newSigningKey("decision");
const centre: SealKey = { ...newReplyKey(), kid: "seal-1" };
const asked = {
  number: "X123456A",
  dateOfBirth: "1984-03-12",
  template: "AAAA",
  templateFormat: "ef01-r503-1536",
};

function rigOf(clock: Clock = systemClock) {
  const link = new FakeLink();
  link.hostOnline = true;
  const configuration = unitConfiguration({
    centre: {
      host: "centre",
      broker: { url: "mqtts://localhost:1", ca: "-" },
      keys: [decider.public],
      sealTo: [{ kid: centre.kid, x: centre.x }],
    },
  });
  return { link, questions: new Questions({ link: link.asLink, configuration, clock }) };
}

async function opened(topic: string, payload: Buffer): Promise<Probe> {
  const qid = topic.split("/").at(-1) ?? "";
  const probe = await openSmall(centre, payload.toString(), probeBinding("kt-01", qid));
  if (!probe.ok) throw probe.error;
  return JSON.parse(probe.value.toString()) as Probe;
}

const decision = async (probe: Probe, over: Partial<Decision> = {}, sealTo = probe.replyKey) =>
  ({
    v: 1,
    qid: probe.qid,
    unit: "kt-01",
    decision: "accepted",
    eligible: ["hkic-application"],
    sealed: await sealSmall(
      { kid: "reply", x: sealTo },
      Buffer.from(JSON.stringify({ v: 1, fields: { surname: "FICTIONAL" } })),
      prefillBinding("kt-01", probe.qid),
    ),
    iat: 1,
    exp: 2,
    ...over,
  }) satisfies Decision;

test("a probe goes up sealed, and its decision comes back with what it already knows", async () => {
  const { link, questions } = rigOf();
  link.onPublish = async (topic, payload) => {
    assert.not.ok(payload.toString().includes("X123456A"));
    const probe = await opened(topic, payload);
    assert.is(probe.number, "X123456A");
    void link.deliver("ask", [probe.qid], signJws("guichet.decision.v1", await decision(probe), decider));
    return true;
  };
  const answer = await questions.ask(asked, 2_000);
  assert.ok(answer.answer === "decision");
  assert.is(answer.decision.decision, "accepted");
  assert.equal(answer.prefill, { surname: "FICTIONAL" });
});

test("each question has a key of its own", async () => {
  const { link, questions } = rigOf();
  const keys = new Set<string>();
  link.onPublish = async (topic, payload) => {
    keys.add((await opened(topic, payload)).replyKey);
    return false;
  };
  await questions.ask(asked, 500);
  await questions.ask(asked, 500);
  assert.is(keys.size, 2);
});

test("a centre that is away, a lost question and a late answer are `offline`, at the deadline at the latest", async () => {
  const { link, questions } = rigOf();
  link.hostOnline = false;
  assert.equal(await questions.ask(asked, 2_000), { answer: "offline" });
  assert.is(link.sent.length, 0, "nothing personal leaves towards nobody");
  link.hostOnline = true;
  link.onPublish = () => false;
  assert.equal(await questions.ask(asked, 2_000), { answer: "offline" });
  link.onPublish = () => true;
  const began = performance.now();
  assert.equal(await questions.ask(asked, 60), { answer: "offline" });
  link.onPublish = () => new Promise(() => undefined);
  assert.equal(await questions.ask(asked, 60), { answer: "offline" }, "also when the broker does not answer");
  assert.ok(performance.now() - began < 2_000);
});

test("a forged, foreign or misdirected decision is no answer", async () => {
  const { link, questions } = rigOf();
  link.onPublish = async (topic, payload) => {
    const probe = await opened(topic, payload);
    const send = (jws: string) => link.deliver("ask", [probe.qid], jws);
    await send(signJws("guichet.decision.v1", await decision(probe), newSigningKey("decision")));
    await send(signJws("guichet.decision.v1", await decision(probe, { unit: "kt-02" }), decider));
    await send(signJws("guichet.decision.v1", await decision(probe, { qid: "another" }), decider));
    await send("accepted");
    await send(signJws("guichet.decision.v1", await decision(probe, { decision: "refused" }), decider));
    return true;
  };
  const answer = await questions.ask(asked, 15_000);
  assert.ok(answer.answer === "decision");
  assert.is(answer.decision.decision, "refused", "only the last one was the centre's answer to this");
});

test("a pre-fill that is sealed to somebody else is not shown; the decision holds", async () => {
  const { link, questions } = rigOf();
  link.onPublish = async (topic, payload) => {
    const probe = await opened(topic, payload);
    const jws = signJws("guichet.decision.v1", await decision(probe, {}, newReplyKey().x), decider);
    void link.deliver("ask", [probe.qid], jws);
    return true;
  };
  const answer = await questions.ask(asked, 2_000);
  assert.ok(answer.answer === "decision");
  assert.equal(answer.prefill, {});
});

run();
