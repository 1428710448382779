import type {
  SelfTestContext,
  SelfTestFinding,
  SelfTestLevel,
  SelfTestRecord,
  Session,
} from "../contract/index.ts";
import { deviceFault } from "../contract/index.ts";
import { err, isFault, ok, type Result } from "../kit/index.ts";

/** As which kind of command a self-test runs: an external one moves something, so interlocks bind it. */
export const SELF_TEST_KINDS = { internal: "query", external: "actuate", interactive: "capture" } as const;

/** Runs the self-test of `level`. Of a device without an internal one it says whether it answers. */
export async function testItself(
  session: Session<unknown>,
  level: SelfTestLevel,
  context: SelfTestContext,
): Promise<Result<SelfTestFinding[]>> {
  const own = session.selfTests?.[level];
  if (own) return own(context);
  if (level !== "internal") return err(deviceFault("unsupported", { level }));
  try {
    await session.probe();
    return ok([{ name: "answers", passed: true }]);
  } catch (error) {
    if (isFault(error)) return err(error);
    throw error;
  }
}

/** What is kept of a self-test; one that could not be done has not passed. */
export const recordOf = (result: Result<SelfTestFinding[]>, at: number): SelfTestRecord =>
  result.ok
    ? { at, passed: result.value.every((finding) => finding.passed), findings: result.value }
    : { at, passed: false, findings: [], code: result.error.code };
