import { type Fault, isFault } from "../../../drivers/kit/index.ts";
import type { Service } from "../../../flows/index.ts";
import { type StepContext, StepLeft } from "./context.ts";

/** Faults that mend themselves: a process or a device that is being started again. */
const RETURNING = new Set([
  "ipc.gone",
  "device.absent",
  "device.notReady",
  "device.busy",
  "device.timeoutDevice",
  // A lock that missed one look is asked again.
  "vault.notReady",
]);
/** How long a part may take to come back before the person is asked, ms. */
const PATIENCE_MS = 12_000;
const LOOK_MS = 250;

/**
 * What a person sees when a part of the unit failed. A part that comes back by itself is waited for, and the step goes on
 * without a touch; otherwise the screen names what is missing until the person tries again. They can stop at any time.
 */
export async function showFailure(
  context: StepContext,
  fault: Fault,
  needs: Service["needs"],
): Promise<void> {
  if (RETURNING.has(fault.code)) {
    context.show(() => {
      const { text } = context.words();
      return { kind: "wait", title: text("ui.wait"), body: text("fault.waiting") };
    });
    for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
      await context.pause(LOOK_MS);
      if (missing(context, needs) === undefined) return;
    }
  }
  context.show(() => {
    const { text } = context.words();
    const part = missing(context, needs);
    return {
      kind: "message",
      face: "again",
      title: text("fault.title"),
      body: part ? text("fault.missing", { part: text(part) }) : text("fault.body"),
      code: fault.code,
      actions: [{ id: "again", label: text("ui.again") }],
    };
  });
  await context.input("action");
}

/** A visit that cannot go on says so until it was read, or nobody is there any more. */
export async function sayEnd(context: StepContext, { code }: Fault): Promise<void> {
  context.show(() => {
    const { text } = context.words();
    return {
      kind: "message",
      face: "cannot",
      title: text("fault.title"),
      // Not "try again": the answers go with the visit.
      body: text("missing.device"),
      code,
      actions: [{ id: "done", label: text("ui.done") }],
    };
  });
  await context.input("action").catch((left) => {
    if (!(left instanceof StepLeft)) throw left;
  });
}

/** Asks the unit's own store; when it fails the person sees it, and it is asked again when they wish. */
export async function fromStore<T>(context: StepContext, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await context.wait(ask());
    } catch (error) {
      if (!isFault(error)) throw error;
      await context.failed(error);
    }
  }
}

const PARTS = ["finger", "camera", "lock"];

/** Key of the name of the first needed part that is not ready now. */
function missing(context: StepContext, needs: Service["needs"]): string | undefined {
  const { devices } = context.office;
  for (const { role } of needs) {
    const status = devices.status(role);
    if (status && (status.lifecycle === "ready" || status.lifecycle === "busy")) continue;
    const [kind = ""] = role.split(".");
    return `part.${PARTS.includes(kind) ? kind : "other"}`;
  }
  return undefined;
}
