import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeReceiptCode, newCollectionKey, parseReceiptCode } from "../../fleet/contract/index.ts";
import { type StackOptions, startStack } from "../../runtime/dev/stack.ts";
import { eventually, type TestContext } from "../kit.ts";
import { openBrowser, Visitor } from "./person.ts";
import { Staff } from "./staff.ts";

/**
 * The main job, as people do it: apply for two documents in one visit, approve, assign, load by two people, refuse the
 * wrong finger and the foreign receipt, collect; and once more without the receipt, by an officer.
 */
export async function journey(
  t: TestContext,
  options: Pick<StackOptions, "broker"> & { portBase: number },
): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), "guichet-e2e-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const stack = await startStack({ data, seed: 1, alwaysOpen: true, quiet: true, ...options });
  t.after(() => stack.stop());
  const browser = await openBrowser();
  t.after(() => browser.close());
  const staff = new Staff(stack, browser);
  await staff.hire();
  const visitor = await Visitor.come(browser, stack);
  const troubles: string[] = [];
  visitor.page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  const [ada, ben] = stack.bench.people;
  assert.ok(ada && ben);
  const motions = () => Object.values(stack.bench.plant.motions()).reduce((a, b) => a + b, 0);

  // two applications in one visit, and one of another person
  const both = await visitor.apply(ada, { service: "one-stop", language: "zh-Hant" });
  assert.match(both.reference, /^KT01-\d{6}-[0-9A-Z]$/);
  const parsed = parseReceiptCode(both.code);
  assert.ok(parsed.ok && parsed.value.reference === both.reference);
  assert.not.ok((await visitor.page.content()).includes(both.reference), "the screen forgets");
  const single = await visitor.apply(ben, { service: "hkic-application" });
  assert.is.not(single.reference, both.reference);

  // the centre: open, approve, assign; three people
  const services = ["hkic-application", "passport-application"];
  const items = await staff.approve(both.reference, services);
  const other = await staff.approve(single.reference, ["hkic-application"]);
  await staff.assign(both.reference, services);
  await staff.assign(single.reference, ["hkic-application"]);

  // two people load three items
  const codes = [...Object.values(items), ...Object.values(other)];
  const slots = await visitor.loadItems(
    [await staff.credential("carl"), await staff.credential("dora")],
    codes,
  );
  assert.is(new Set(Object.values(slots)).size, 3);
  await staff.sees(both.reference, "passport-application", "Loaded");
  assert.is(motions(), 3);

  // one is taken back, assigned anew and loaded again
  const [item = ""] = Object.values(other);
  await visitor.takeOut(
    [await staff.credential("carl"), await staff.credential("dora")],
    [slots[item] ?? ""],
  );
  await staff.assign(single.reference, ["hkic-application"]);
  Object.assign(
    slots,
    await visitor.loadItems([await staff.credential("carl"), await staff.credential("dora")], [item]),
  );
  await staff.sees(single.reference, "hkic-application", "Loaded");
  const loads = motions();
  assert.is(loads, 5);

  // a foreign receipt, a torn one, and a wrong finger open nothing
  await visitor.begin("collection");
  await visitor.show("document", { kind: "code", text: makeReceiptCode(both.reference, newCollectionKey()) });
  await visitor.goOn();
  await visitor.begin("collection");
  await visitor.show("document", { kind: "code", text: `${both.code.slice(0, -4)}AAAA` });
  await visitor.page.waitForSelector('[data-view="scan"][data-face="again"]');
  await visitor.show("document", { kind: "code", text: both.code });
  await visitor.sees("finger");
  await visitor.lay("ben", 1);
  await visitor.page.waitForSelector('[data-view="finger"][data-face="again"]');
  await visitor.sees("message");
  await visitor.lift();
  await visitor.goOn();
  assert.is(motions(), loads, "nothing moved for a stranger");

  // the owner collects both
  await visitor.begin("collection");
  await visitor.show("document", { kind: "code", text: both.code });
  for (let n = 0; n < 2; n++) {
    await visitor.sees("finger");
    await visitor.lay("ada", 1);
    const slot = await visitor.takeFromSlot();
    assert.ok(
      [slots[items["hkic-application"] ?? ""], slots[items["passport-application"] ?? ""]].includes(slot),
    );
    await visitor.page.waitForSelector('[data-view="door"][data-face="succeeded"]', { timeout: 30_000 });
    // Left there, it would be taken for the next document before anybody could see that it is asked for.
    await visitor.lift();
    await visitor.touch('[data-view="door"] [data-action]');
  }
  await visitor.sees("attract");
  assert.is(motions(), loads + 2);
  for (const service of services) await staff.sees(both.reference, service, "Collected");

  // without the receipt: by reference, and an officer who sees the person
  await visitor.begin("collection");
  await visitor.touch('[data-action="without"]');
  await visitor.answer(single.reference.replaceAll("-", ""));
  await visitor.sees("wait");
  await staff.release();
  const slot = await visitor.takeFromSlot();
  assert.is(slot, slots[other["hkic-application"] ?? ""]);
  await visitor.page.waitForSelector('[data-view="door"][data-face="succeeded"]', { timeout: 30_000 });
  await visitor.touch('[data-view="door"] [data-action]');
  await staff.sees(single.reference, "hkic-application", "Collected");
  assert.is(motions(), loads + 3);

  // the unit has nothing left of what it sent
  await eventually(
    "the submissions were erased",
    async () => (await stack.centre.submissions.list()).length === 2,
  );
  assert.equal(troubles, []);
}
