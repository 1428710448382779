import { PORTS } from "./guest.ts";
import type { HilRig } from "./rig.ts";
import { until } from "./scenario.ts";

export interface Health {
  state: string;
  ready: boolean;
  link: boolean;
  offered: string[];
}

/** What the core says of itself, over the same address as the screen; undefined while there is none. */
export async function health(): Promise<Health | undefined> {
  const signal = AbortSignal.timeout(20_000);
  return fetch(`http://127.0.0.1:${PORTS.screen}/healthz`, { signal })
    .then(async (response) => (await response.json()) as Health)
    .catch(() => undefined);
}

/** Waits until the unit offers every service that is named. @returns how long that took, s */
export const serving = (services: readonly string[], seconds = 1_200): Promise<number> =>
  until(
    `the unit offers ${services.join(", ")}`,
    async () => {
      const now = await health();
      return now?.ready === true && services.every((service) => now.offered.includes(service));
    },
    seconds,
  );

/** The unit as somebody before it sees it: its screen by the address that its own browser would open. */
export const kioskOf = (rig: HilRig) => ({
  panelUrl: rig.around.panelUrl,
  unit: {
    screen: async (): Promise<string> => {
      const path = "/run/guichet/screen/address";
      await until("there is a screen", async () => (await rig.guest.run(`test -s ${path}`)).status === 0);
      return rig.guest.sh(`cat ${path}`);
    },
  },
});

/** Lines of the unit's journal, the newest last. */
export const journal = (rig: HilRig, lines = 200): Promise<string> =>
  rig.guest.sh(`journalctl --no-pager -o short-monotonic -n ${lines} -u 'guichet*'`);
