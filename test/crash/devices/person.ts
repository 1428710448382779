import { Impossible } from "../../../drivers/bench/plant/locker.ts";
import type { DeviceJudge } from "./judge.ts";
import { CARDS, OLD_CARD, OTHER_CARD, type Rig, ROLE } from "./rig.ts";
import { isDispenser, type State } from "./states.ts";

/** What lies in the compartment, or is to be laid in. */
export const ITEM = "ITEM-1";

/** The card that the hand-over is about. */
export function expectedCard({ device, job }: State): string | undefined {
  if (!isDispenser(device)) return undefined;
  if (job === "acceptOther" || job === "acceptOtherLeft") return OTHER_CARD;
  if (job.startsWith("accept")) return OLD_CARD;
  return job === "wrongCard" ? CARDS[1] : CARDS[0];
}

/** Stands before the machine and does what the job is about, whoever lives or is dead behind it. */
export class Person {
  readonly #rig: Rig;
  readonly #state: State;
  readonly #step: (step: string) => void;
  readonly #judge: DeviceJudge;
  #acted = false;

  constructor(rig: Rig, state: State, step: (step: string) => void, judge: DeviceJudge) {
    this.#rig = rig;
    this.#state = state;
    this.#step = step;
    this.#judge = judge;
    rig.plant.onEvent(({ about, what }) => {
      if (what === "latch springs open" && about === "1") void this.#atDoor();
      if (what === "card held at the gate") void this.#atGate();
      if (what === "entry opens") void this.#atEntry();
    });
  }

  async #atDoor(): Promise<void> {
    const { job } = this.#state;
    if (job === "nobody" || this.#acted) return;
    this.#acted = true;
    const { plant } = this.#rig;
    await this.#after(300, 3_000, "door-opened", () => plant.openDoor("1"));
    await this.#after(300, 2_000, "hand-in", () => {
      if (job === "load") plant.putItem("1", ITEM);
      else if (job !== "leave") plant.takeItem("1");
    });
    await this.#after(300, 2_000, "door-closed", () => plant.closeDoor("1"));
  }

  async #atGate(): Promise<void> {
    const { job } = this.#state;
    if (job === "leave" || job === "acceptOtherLeft" || job === "acceptNobody") return;
    await this.#after(300, 5_000, "card-taken", () => {
      const [item] = this.#rig.plant.cards.take(ROLE);
      this.#judge.handed(item?.code ?? "none", expectedCard(this.#state) ?? "");
    });
  }

  async #atEntry(): Promise<void> {
    const { job } = this.#state;
    if (job === "acceptNobody" || this.#acted) return;
    const code = expectedCard(this.#state) ?? OLD_CARD;
    await this.#after(300, 4_000, "card-inserted", () => {
      this.#rig.plant.cards.insert(ROLE, code);
      this.#acted = true;
    });
  }

  /** Does it after a while, if a hand still can. */
  async #after(low: number, high: number, step: string, act: () => void): Promise<void> {
    await this.#rig.sleep(this.#rig.between(low, high));
    try {
      act();
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      return;
    }
    this.#step(step);
  }
}
