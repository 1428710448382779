import { connect } from "node:net";
import { Peer, socketOf, vaultEvents, vaultMethods } from "../../ipc/index.ts";
import { diagnosticFault } from "../messages.ts";

type VaultPeer = Peer<typeof vaultMethods, typeof vaultEvents, Record<string, never>>;

/**
 * Asks the vault while one connection to it is open.
 * @returns undefined while it does not run
 * @throws `diagnostic.noRights`
 */
export async function askVault<T>(
  state: string,
  ask: (peer: VaultPeer) => Promise<T>,
): Promise<T | undefined> {
  const socket = connect(socketOf(state, "vault"));
  const up = await new Promise<boolean>((resolve, reject) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      ["EACCES", "EPERM"].includes(error.code ?? "")
        ? reject(diagnosticFault("noRights", { state }, error))
        : resolve(false),
    );
  });
  if (!up) return undefined;
  try {
    return await ask(new Peer(socket, { remote: vaultMethods, incoming: vaultEvents }));
  } finally {
    socket.destroy();
  }
}
