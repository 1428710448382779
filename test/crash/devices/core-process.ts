import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectUnix, Peer, vaultEvents, vaultMethods } from "../../../runtime/ipc/index.ts";

/** What is left of a core: it asks for one hand-over, as its parent signs it, and waits to be killed. */
const [state = ""] = process.argv.slice(2);
const socket = await connectUnix(join(state, "run", "vault", "socket"), AbortSignal.timeout(30_000));
if (!socket) throw new Error("the vault does not listen");
const vault = new Peer(socket, { remote: vaultMethods, incoming: vaultEvents });
for (;;) {
  const status = await vault.call("status", {});
  if (!status.ok) throw status.error;
  const { ready, devices } = status.value.body;
  if (ready && devices.every(({ lifecycle }) => lifecycle === "ready" || lifecycle === "busy")) break;
  await new Promise((resolve) => setTimeout(resolve, 20));
}
writeFileSync(join(state, "run", "core.pid"), String(process.pid));
const next = () =>
  new Promise<never>((resolve) => process.once("message", (message) => resolve(message as never)));
const tell = (message: unknown) => process.send?.(message);

const given = next();
tell("ready");
const { voucher } = (await given) as { voucher: string };
const begun = await vault.call("collect.begin", { voucher });
if (!begun.ok) throw begun.error;
const signed = next();
tell({ challenge: begun.value.body.challenge });
void vault.call("collect.release", await signed);
