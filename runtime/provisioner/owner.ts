import { stat } from "node:fs/promises";
import { bundleFault } from "../../provisioning/bundle/index.ts";

/**
 * To be awaited before a person's process writes into a unit's state. What root leaves there, the service can neither change nor
 * take away: every bundle after it would fail.
 * @param user who this is
 * @throws `bundle.wrongUser` when the state is somebody else's
 */
export async function refuseStranger(
  state: string,
  user: number | undefined = process.getuid?.(),
): Promise<void> {
  const { uid } = await stat(state);
  if (user !== uid) throw bundleFault("wrongUser", { user, owner: uid });
}
