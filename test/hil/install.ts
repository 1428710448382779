import type { Answer } from "../../provisioning/answer/index.ts";
import { answerOf, identityOf } from "./provisioning.ts";
import type { HilRig } from "./rig.ts";
import { until } from "./scenario.ts";
import { adapters, SERVICE_PORT } from "./unit.ts";

/** Where the cabinet's own adapters are, and where a stick may be. Whatever is elsewhere is never admitted. */
const BOARD = {
  usb: {
    servicePort: `1-${SERVICE_PORT}`,
    internal: adapters().map(({ port }) => ({ port: `1-${port}`, vendor: "0403", product: "6001" })),
  },
};

/** Makes the board what it is when it leaves the factory: a number, and whom it believes. */
export async function manufacture(rig: HilRig): Promise<void> {
  const { guest } = rig;
  await guest.sh(
    `install -d /etc/guichet && cat > /etc/guichet/board.json <<'END'\n${JSON.stringify(BOARD)}\nEND`,
  );
  await guest.sh(
    `install -d /etc/guichet && cat > /etc/guichet/identity.json <<'END'\n${identityOf(rig.around.owner)}\nEND`,
  );
  await guest.sh(
    "systemd-tmpfiles --create guichet.conf && systemctl unmask guichet.target && systemctl start guichet.target",
  );
}

/** The unit's signed answer about itself, as it stands now. */
export async function answer(rig: HilRig): Promise<Answer> {
  const path = "/var/lib/guichet/answer.jws";
  await until("the board answers", async () => (await rig.guest.run(`test -s ${path}`)).status === 0);
  return answerOf(await rig.guest.sh(`cat ${path}`));
}
