import { join } from "node:path";
import { connectUnix, Peer, vaultEvents, vaultMethods } from "../../runtime/ipc/index.ts";

/** A vault, asked as its core asks it. */
export type VaultClient = Peer<typeof vaultMethods, typeof vaultEvents, Record<never, never>>;

interface Device {
  role: string;
  class: string;
  lifecycle: string;
}

const LOOK_MS = 10;
const LIMIT_MS = 60_000;

/** Connects to the vault of a unit. The caller closes the client. Throws when nobody listens within `ms`. */
export async function connectVault(state: string, ms = 10_000): Promise<VaultClient> {
  const socket = await connectUnix(join(state, "run", "vault", "socket"), AbortSignal.timeout(ms));
  if (!socket) throw new Error("the vault does not listen");
  return new Peer(socket, { remote: vaultMethods, incoming: vaultEvents });
}

/**
 * Resolves when the vault has judged everything that was open and each of its devices that `matters` is at work. Throws when
 * the vault has gone away, and after a minute.
 */
export async function untilServing(
  client: VaultClient,
  matters: (device: Device) => boolean = () => true,
): Promise<VaultClient> {
  const end = performance.now() + LIMIT_MS;
  while (performance.now() < end) {
    const status = await client.call("status", {});
    if (!status.ok) throw status.error;
    const { ready, devices } = status.value.body;
    const atWork = devices
      .filter(matters)
      .every(({ lifecycle }) => lifecycle === "ready" || lifecycle === "busy");
    if (ready && atWork) return client;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`the vault was not ready within ${LIMIT_MS} ms`);
}
