import type { Item } from "./state.ts";

/** Every thing with a label on the plant, wherever it lies. Two may carry the same label. */
export class Items {
  #items: Item[] = [];

  /** The thing with this label that is in somebody's hands, otherwise a new one. */
  inHand(code: string): Item {
    const found = this.#items.find((row) => row.code === code && row.place === "out");
    if (found) return found;
    const made: Item = { id: this.#items.length + 1, code, place: "out", moves: [] };
    this.#items.push(made);
    return made;
  }

  get = (id: number | null): Item | undefined => this.#items.find((row) => row.id === id);

  /** @param seq event that tells of it */
  move(item: Item, to: string, seq: number): void {
    item.place = to;
    item.moves.push({ seq, to });
  }

  all = (): Item[] => structuredClone(this.#items);

  restore(items: readonly Item[]): void {
    this.#items = structuredClone([...items]);
  }
}
