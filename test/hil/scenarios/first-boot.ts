import * as assert from "uvu/assert";
import { answer, manufacture } from "../install.ts";
import { health, serving } from "../kiosk.ts";
import type { Scenario } from "../scenario.ts";
import { since, until } from "../scenario.ts";
import { Stick } from "../stick.ts";

/** A new board: the package, nothing more. Two sticks and no keyboard later it is in service. */
export const scenario: Scenario = {
  name: "first boot: unprovisioned, provisioned by sticks, in service",
  run: async (rig, note) => {
    const { around, operator } = rig;
    const began = performance.now();
    await manufacture(rig);
    const bare = await answer(rig);
    note("the package's provisioner answers", since(began), "s");
    assert.is(bare.claim, undefined, "it has no name yet");
    assert.is(await health(), undefined, "it serves nobody");

    // The technician opens the door before the service port.
    around.bench.plant.setInput("door.service", true);
    await rig.board.settled();

    // The first stick gives a name, services and a configuration; the unit answers with its key and a request.
    const { configuration } = around;
    const first = new Stick(rig.folder, {
      "claim.kbundle": operator.claim(configuration),
      "content.kbundle": operator.content(),
      "unit.kbundle": operator.configuration(configuration),
    });
    const plugged = performance.now();
    const named = await provisionBy(rig, first, 3);
    note("the first stick plugged in until its answer was written", since(plugged), "s");
    assert.equal(named.claim, { unit: configuration.unit, site: configuration.site, groups: [] });
    assert.ok(named.request, "it asks for a certificate");
    await around.centre.registerUnit({
      unit: configuration.unit,
      deviceKey: named.key,
      services: configuration.services,
    });

    // The second brings the certificate.
    const certificate = await around.pki.certify(named.request);
    const second = new Stick(rig.folder, {
      "tls.kbundle": operator.certificates(configuration.unit, certificate),
    });
    const again = performance.now();
    await provisionBy(rig, second, 1);
    await serving(["one-stop"]);
    note("the second stick plugged in until services were offered", since(again), "s");
    await until("its link to the centre is up", async () => (await health())?.link === true);
    assert.not.ok((await health())?.offered.includes("collection"), "nobody collects while the door is open");
    around.bench.plant.setInput("door.service", false);
    await rig.board.settled();
    await serving(["one-stop", "collection"], 60);
  },
};

/** Plugs a stick in, waits until as many bundles were taken, and pulls it out. @returns the answer that the unit gave */
async function provisionBy(rig: Parameters<Scenario["run"]>[0], stick: Stick, bundles: number) {
  const before = (await answer(rig)).iat;
  await stick.plugIn(rig.guest);
  await until(
    "the bundles were judged",
    async () => {
      const now = await answer(rig);
      return now.iat >= before && now.taken.length === bundles;
    },
    1_200,
  );
  const now = await answer(rig);
  for (const { file, code } of now.taken) assert.is(code, "ok", file);
  await stick.pullOut(rig.guest);
  return now;
}
