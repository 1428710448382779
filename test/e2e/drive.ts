import type { Stack } from "../../runtime/dev/stack.ts";
import { openBrowser, Visitor } from "./person.ts";

/** One application through the page, for measurements. */
export async function applyOnce(stack: Stack): Promise<void> {
  const browser = await openBrowser();
  try {
    const visitor = await Visitor.come(browser, stack);
    const [person] = stack.bench.people;
    if (!person) throw new Error("nobody on the bench");
    await visitor.apply(person, { service: "one-stop" });
  } finally {
    await browser.close();
  }
}
