import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../drivers/kit/index.ts";
import { firstBrokenRow } from "../../../drivers/store/index.ts";
import {
  ManifestSchema,
  openPacket,
  type SealKey,
  type SigningKey,
  verifyJws,
} from "../../../fleet/contract/index.ts";
import type { UnitConfiguration } from "../../../provisioning/index.ts";
import { openCoreStore } from "../../../runtime/core/store/index.ts";
import { Submissions } from "../../../runtime/core/submissions/index.ts";
import { FakeLink } from "../../support/office.ts";

/**
 * What the real core finds after a cut: everything that was acknowledged and not erased is there, whole, and opens at the
 * centre; what was erased is gone; nothing is half.
 */
export async function checkCore(
  image: string,
  marks: readonly string[],
  given: { configuration: UnitConfiguration; device: SigningKey; seal: SealKey },
): Promise<string[]> {
  const wrong: string[] = [];
  const store = await openCoreStore(image);
  try {
    const submissions = new Submissions({
      state: image,
      configuration: given.configuration,
      store,
      link: new FakeLink().asLink,
      deviceKey: given.device,
      clock: systemClock,
    });
    await submissions.recover();
    const rows = await store.all<{ sid: string; reference: string; manifest: string }>(
      "SELECT * FROM submissions",
    );
    const tombstones = new Set(
      (await store.all<{ sid: string }>("SELECT sid FROM tombstones")).map((row) => row.sid),
    );
    const acknowledged = marks
      .filter((mark) => mark.startsWith("acknowledged "))
      .map((mark) => mark.split(" ") as [string, string, string, string]);
    const received = new Set(
      marks.filter((mark) => mark.startsWith("receipt ")).map((mark) => mark.split(" ")[1]),
    );
    const erased = new Set(
      marks.filter((mark) => mark.startsWith("erased ")).map((mark) => mark.split(" ")[1]),
    );
    for (const [, sid, reference] of acknowledged) {
      const row = rows.find((own) => own.sid === sid);
      if (row && row.reference !== reference) wrong.push(`reference of ${sid} changed`);
      if (!row && !(received.has(sid) && tombstones.has(sid))) wrong.push(`lost ${sid}`);
      if (row && erased.has(sid)) wrong.push(`${sid} is there after it was erased`);
    }
    const folder = join(image, "store", "packets");
    const files = existsSync(folder) ? readdirSync(folder) : [];
    for (const row of rows) {
      if (!files.includes(row.sid)) {
        wrong.push(`a row without its file ${row.sid}`);
        continue;
      }
      const manifest = verifyJws("guichet.manifest.v1", ManifestSchema, row.manifest, [given.device.public]);
      const opened = manifest.ok
        ? await openPacket(manifest.value, readFileSync(join(folder, row.sid)), given.seal)
        : manifest;
      if (!opened.ok) wrong.push(`half a packet ${row.sid}: ${opened.error.code}`);
    }
    for (const file of files) if (!rows.some((row) => row.sid === file)) wrong.push(`a leftover ${file}`);
    if (new Set(rows.map((row) => row.reference)).size !== rows.length) wrong.push("a reference twice");
    if ((await firstBrokenRow(store)) !== undefined) wrong.push("the journal's chain is broken");
  } finally {
    await store.close();
  }
  return wrong;
}
