import { Impossible, type Plant } from "../../../drivers/bench/plant/index.ts";
import type { State } from "./states.ts";
import { expectedCard, ITEM, OLD_CARD, ROLE } from "./things.ts";

/** What a person needs of the world. */
export interface Street {
  readonly plant: Plant;
  sleep(ms: number): Promise<void>;
  /** A time between the two, ms. */
  between(low: number, high: number): number;
}

/** Stands before the machine and does what the job is about, whoever lives or is dead behind it. */
export class Person {
  readonly #street: Street;
  readonly #state: State;
  readonly #step: (step: string) => void;
  readonly #handed: (code: string, expected: string) => void;
  #acted = false;
  /** Goes away. */
  readonly leave: () => void;

  /**
   * @param step told of each thing that the person does
   * @param handed told of the card that was taken at the gate, and of the one that is the person's
   */
  constructor(
    street: Street,
    state: State,
    step: (step: string) => void,
    handed: (code: string, expected: string) => void,
  ) {
    this.#street = street;
    this.#state = state;
    this.#step = step;
    this.#handed = handed;
    this.leave = street.plant.onEvent(({ about, what }) => {
      if (what === "latch springs open" && about === "1") void this.#atDoor();
      if (what === "card held at the gate") void this.#atGate();
      if (what === "entry opens") void this.#atEntry();
    });
  }

  async #atDoor(): Promise<void> {
    const { job } = this.#state;
    if (job === "nobody" || this.#acted) return;
    this.#acted = true;
    const { plant } = this.#street;
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
      const [item] = this.#street.plant.cards.take(ROLE);
      this.#handed(item?.code ?? "none", expectedCard(this.#state) ?? "");
    });
  }

  async #atEntry(): Promise<void> {
    const { job } = this.#state;
    if (job === "acceptNobody" || this.#acted) return;
    const code = expectedCard(this.#state) ?? OLD_CARD;
    await this.#after(300, 4_000, "card-inserted", () => {
      this.#street.plant.cards.insert(ROLE, code);
      this.#acted = true;
    });
  }

  /** Does it after a while, if a hand still can. */
  async #after(low: number, high: number, step: string, act: () => void): Promise<void> {
    await this.#street.sleep(this.#street.between(low, high));
    try {
      act();
    } catch (error) {
      if (!(error instanceof Impossible)) throw error;
      return;
    }
    this.#step(step);
  }
}
