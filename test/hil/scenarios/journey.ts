import * as assert from "uvu/assert";
import { openBrowser, Visitor } from "../../e2e/person.ts";
import { Staff } from "../../e2e/staff.ts";
import { kioskOf } from "../kiosk.ts";
import { type Scenario, since } from "../scenario.ts";

/** A step that takes a person two seconds takes an emulated processor a minute. */
const PATIENCE_MS = 300_000;

/**
 * The main job through kernel devices: fingerprint module, lock board and printer on FTDI lines, cameras on V4L2, contacts
 * on GPIO. The page is the guest's, shown by a browser of the host through a forwarded port.
 */
export const scenario: Scenario = {
  name: "an application and a collection through kernel devices",
  run: async (rig, note) => {
    const { around } = rig;
    const browser = await openBrowser();
    try {
      const staff = new Staff(around, browser);
      await staff.hire();
      const visitor = new Visitor(rig.screen.page, kioskOf(rig));
      visitor.page.setDefaultTimeout(PATIENCE_MS);
      const [ada] = around.bench.people;
      assert.ok(ada);
      const motions = () => Object.values(around.bench.plant.motions()).reduce((a, b) => a + b, 0);
      const before = motions();

      const began = performance.now();
      const { reference, code } = await visitor.apply(ada, {
        service: "hkic-application",
        print: true,
      });
      assert.ok(reference.startsWith(`${rig.nonce}-`), "the reference begins with the nonce");
      note("an application, from the first touch to the receipt", since(began), "s");

      const items = await staff.approve(reference, ["hkic-application"]);
      await staff.assign(reference, ["hkic-application"]);
      const loading = performance.now();
      const slots = await visitor.loadItems(
        [await staff.credential("carl"), await staff.credential("dora")],
        Object.values(items),
      );
      note("two people load the document", since(loading), "s");
      assert.is(motions(), before + 1);

      const collecting = performance.now();
      await visitor.begin("collection");
      await visitor.show("document", { kind: "code", text: code });
      await visitor.sees("finger");
      await visitor.lay("ada", 1);
      assert.is(await visitor.takeFromSlot(), slots[items["hkic-application"] ?? ""]);
      await visitor.page.waitForSelector('[data-view="door"][data-face="succeeded"]');
      note("a collection, from the first touch to the document taken", since(collecting), "s");
      await visitor.touch('[data-view="door"] [data-action]');
      await visitor.lift();
      await visitor.sees("attract");
      assert.is(motions(), before + 2);
      await staff.sees(reference, "hkic-application", "Collected");
    } finally {
      await browser.close();
    }
  },
};
