import { type CaptureContext, deviceFault } from "../../contract/index.ts";
import { err, isFault, ok, type Result } from "../../kit/index.ts";
import * as intent from "./intent.ts";
import { features, light, merge, type Opened, takeImage, waitForLift } from "./person.ts";

/**
 * Pages with a template, ascending. By the index table where its answer agrees with the module's own count (it is missing
 * on old modules and shifted by one on some clones), otherwise by trying to load page after page.
 */
export async function pagesInUse(opened: Opened): Promise<number[]> {
  const { module, capacity } = opened;
  const count = await module.templateCount();
  if (count === 0) return [];
  const tables: number[] = [];
  for (let table = 0; table * 256 < capacity; table++) {
    const pages = await module.indexTable(table);
    if (!pages) break;
    tables.push(...pages.filter((page) => page < capacity));
  }
  const last = tables.at(-1);
  if (tables.length === count && last !== undefined && (await holds(opened, last))) return tables;
  const found: number[] = [];
  for (let page = 0; page < capacity && found.length < count; page++)
    if (await holds(opened, page)) found.push(page);
  return found;
}

/** Whether a page holds a template; it is then in the feature buffer too. */
function holds(opened: Opened, page: number): Promise<boolean> {
  opened.dirty = true;
  return opened.module.load(1, page);
}

/**
 * Enrols a finger. What touches the library comes last and is undone unless all of it is proved: nothing else of the
 * driver writes there, so a page that is free at the start is free at the end.
 */
export async function enrol(
  opened: Opened,
  request: { allowDuplicate?: boolean },
  context: CaptureContext,
): Promise<Result<{ id: number }>> {
  const { profile, clock } = opened;
  const end = clock.mono() + context.userTimeMs;
  const used = await pagesInUse(opened);
  const page = firstFree(opened, used);
  if (page === undefined) return err(deviceFault("libraryFull", { role: opened.role }));
  for (let touch = 1; touch <= profile.enrolCaptures; touch++) {
    const taken = await takeImage(opened, context, end, touch === 1 ? "place" : "placeAgain");
    if (!taken.ok) return taken;
    const made = await features(opened, touch, context);
    if (!made.ok) return made;
    if (touch === 1 && used.length > 0 && !request.allowDuplicate) {
      const known = await opened.module.search(0, opened.capacity);
      if (known) return err(deviceFault("alreadyEnrolled", { id: known.page }));
    }
    if (touch < profile.enrolCaptures) {
      const lifted = await waitForLift(opened, context, end);
      if (!lifted.ok) return lifted;
    }
  }
  const merged = await merge(opened);
  if (!merged.ok) return merged;
  if (context.signal.aborted || opened.closing.aborted) return err(deviceFault("canceled"));
  await commit(opened, page, used.length);
  await light(opened, "good");
  context.prompt("lift");
  return ok({ id: page });
}

function firstFree({ capacity, reservedPage }: Opened, used: readonly number[]): number | undefined {
  const taken = new Set([...used, reservedPage]);
  for (let page = 0; page < capacity; page++) if (!taken.has(page)) return page;
  return undefined;
}

/**
 * Stores the model and proves that exactly this page was added. Until that is done the page counts as unproved and the next
 * recovery removes it. Where the library is kept, that has to outlive this process too: the page is noted in the module
 * before and the note is wiped after. What is left is a death of this process between the wiping and its answer: `list`
 * then shows an id that nobody was given.
 */
async function commit(opened: Opened, page: number, before: number): Promise<void> {
  const { module, retention, unproved } = opened;
  unproved.add(page);
  if (retention === "keep") await intent.note(module, page);
  try {
    await module.store(page);
    const count = await module.templateCount();
    if (count !== before + 1 || !(await module.load(1, page)))
      throw deviceFault("protocol", { command: "store", templates: count, expected: before + 1 });
    if (retention === "keep") await intent.wipe(module);
    unproved.delete(page);
  } catch (error) {
    await module.remove(page).catch(() => undefined);
    // Whatever it was, the session ends with it, and the recovery of the next one makes sure.
    throw isFault(error, "device.refused")
      ? deviceFault("protocol", { ...error.fields, reason: "notStored" }, error)
      : error;
  }
}

/** One to many. */
export async function identify(
  opened: Opened,
  context: CaptureContext,
): Promise<Result<{ id?: number; score: number }>> {
  const taken = await takeImage(opened, context, opened.clock.mono() + context.userTimeMs);
  if (!taken.ok) return taken;
  const made = await features(opened, 1, context);
  if (!made.ok) return made;
  const found = await opened.module.search(0, opened.capacity);
  await light(opened, found ? "good" : "off");
  return ok(found ? { id: found.page, score: found.score } : { score: 0 });
}

/** Removes one enrolled template and proves it; answers whether there was one. */
export async function remove(opened: Opened, id: number): Promise<Result<boolean>> {
  const { capacity, reservedPage, module } = opened;
  if (!Number.isInteger(id) || id < 0 || id >= capacity || id === reservedPage)
    return err(deviceFault("invalidParameter", { id }));
  const before = await module.templateCount();
  if (before === 0 || !(await holds(opened, id))) return ok(false);
  await module.remove(id);
  const after = await module.templateCount();
  if (after !== before - 1) throw deviceFault("protocol", { command: "remove", templates: after });
  return ok(true);
}
