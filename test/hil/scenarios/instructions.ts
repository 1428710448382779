import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { keySetOf } from "../../../provisioning/keys/index.ts";
import { Guest } from "../guest.ts";
import { overlay } from "../image.ts";
import { answerOf } from "../provisioning.ts";
import { type Scenario, since, until } from "../scenario.ts";

const ANSWER = "/var/lib/guichet/answer.jws";
const lay = (path: string, text: string): string =>
  `base64 -d > ${path} <<'END'\n${Buffer.from(text).toString("base64")}\nEND`;

/** Somebody with a board as it is bought does what docs/install.md says, to the letter, with the line of awk that it gives. */
export const scenario: Scenario = {
  name: "the commands of docs/install.md in a fresh guest",
  run: async (rig, note) => {
    const { image, nonce } = rig;
    const text = readFileSync("docs/install.md", "utf8");
    const awk = /^`(awk .*) docs\/install\.md`/m.exec(text)?.[1];
    assert.ok(awk, "docs/install.md says how its commands are taken out");
    await rig.guest.stop();
    const folder = join(rig.folder, "fresh");
    mkdirSync(folder);
    const disk = join(folder, "disk.qcow2");
    overlay(image.bare, disk);
    const guest = await Guest.start({ image, disk, folder, nonce, serial: {}, plugs: [] });
    try {
      await guest.booted();
      assert.is((await guest.run("dpkg --status guichet")).status, 1, "the package is not there yet");
      await guest.sh(lay("/root/keyset.json", JSON.stringify(keySetOf(Object.values(rig.around.owner)))));
      await guest.sh(lay("/root/install.md", text));
      // The guest's way to the archive; a board without a screen needs no browser.
      await guest.sh("echo nameserver 10.0.2.3 > /etc/resolv.conf");
      const began = performance.now();
      await guest.sh(
        `cd /root && ${awk} install.md > install.sh && APT_OPTIONS=--no-install-recommends bash -eux install.sh`,
      );
      note("as written, until the last command was through", since(began), "s");
      await until("the board answers", async () => (await guest.run(`test -s ${ANSWER}`)).status === 0);
      const { device, claim } = answerOf(await guest.sh(`cat ${ANSWER}`));
      assert.is(device, "board-0017", "the number that the document gives it");
      assert.is(claim, undefined, "it is nobody's yet");
    } finally {
      await guest.stop();
      await rig.again();
    }
  },
};
