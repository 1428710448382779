import { deviceFault } from "../../contract/index.ts";
import { defineEvents } from "../../kit/index.ts";
import { ACK } from "./frame.ts";
import * as intent from "./intent.ts";
import { pagesInUse } from "./library.ts";
import { refused } from "./module.ts";
import { light, type Opened } from "./person.ts";

const log = defineEvents("ef01clearing", {
  cutEnrolment: {
    level: "warn",
    what: "An enrolment was cut before it was certain; its template was removed",
    fields: ["role"],
  },
});

/** Empties the library and the memory of a module; answers how many templates there were. */
export async function clearAll(opened: Opened): Promise<number> {
  const { module } = opened;
  const templates = await module.templateCount();
  if (templates > 0) {
    await module.empty();
    if ((await module.templateCount()) !== 0) throw deviceFault("protocol", { command: "empty" });
  }
  await forget(opened);
  return templates;
}

/** Removes what must not be in a library that is kept: a borrowed page, an enrolment that was cut. */
export async function tidy(opened: Opened): Promise<number> {
  const { module, reservedPage, unproved } = opened;
  const cut = await intent.pending(module);
  const used = await pagesInUse(opened);
  const wrong = used.filter((page) => page === reservedPage || page === cut || unproved.has(page));
  for (const page of wrong) await module.remove(page);
  unproved.clear();
  if (cut !== undefined) {
    await intent.wipe(module);
    log("cutEnrolment", { role: opened.role });
  }
  await forget(opened);
  return wrong.length;
}

/** Empties image and feature buffers, where something may be in them, and puts the light out. */
export async function forget(opened: Opened): Promise<void> {
  const { module, profile } = opened;
  if (opened.dirty && !(profile.isR503 && (await module.softReset()))) await overwrite(opened);
  // After a restart this is the first command too: its answer says that the module is back.
  if (profile.hasAura) await light(opened, "off");
  else await module.verifyPassword();
  opened.dirty = false;
}

/** Where a module cannot be restarted: an image without light, or without a finger, and blank features in both buffers. */
async function overwrite(opened: Opened): Promise<void> {
  const { module, profile } = opened;
  const empty = (code: number) => code === ACK.noFinger || code === ACK.captureFailed;
  const dark = await module.takeImageDark();
  if (dark !== ACK.ok && !empty(dark)) {
    const lit = await module.takeImage();
    if (lit === ACK.ok) throw deviceFault("busy", { reason: "fingerLies" });
    if (!empty(lit)) throw refused("getImage", lit);
  }
  const blank = new Uint8Array(opened.templateBytes ?? profile.usualTemplateBytes);
  for (const buffer of [1, 2] as const) await module.downloadTemplate(buffer, blank);
}
