import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { startVault } from "../../runtime/vault/index.ts";
import type { TestContext } from "../kit.ts";
import type { CardRig } from "./card-rig.ts";
import type { VaultClient } from "./vault-client.ts";

/**
 * Cuts a vault off at a named step, within this process: what it had made durable is copied right there, and from then on
 * its line carries nothing and its ledger is another one. A step is called between two awaits, so nothing of the vault runs
 * in the meantime.
 */
export function frozenAt(
  t: Pick<TestContext, "after">,
  rig: CardRig,
  step: string,
): {
  reached: Promise<void>;
  restart(start?: typeof startVault, over?: Parameters<CardRig["start"]>[1]): Promise<VaultClient>;
} {
  const image = mkdtempSync(join(tmpdir(), "guichet-cut-"));
  t.after(() => rmSync(image, { recursive: true, force: true }));
  let tell: () => void;
  const reached = new Promise<void>((resolve) => {
    tell = resolve;
  });
  rig.onStep = (name) => {
    if (name !== step) return;
    rig.onStep = () => undefined;
    cpSync(join(rig.state, "vault"), image, { recursive: true });
    rig.pull();
    tell();
  };
  return {
    reached,
    restart: async (start, over) => {
      // The old life is ended as if nobody had heard of it.
      await rig.stop();
      rmSync(join(rig.state, "vault"), { recursive: true });
      cpSync(image, join(rig.state, "vault"), { recursive: true });
      rig.plug();
      return rig.start(start, over);
    },
  };
}
