/** Gives what it holds in an order, one after the other: a binary heap. */
export class PriorityQueue<Item> {
  readonly #items: Item[] = [];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  add(item: Item): void {
    let place = this.#items.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#items[above] as Item;
      if (!this.#isBefore(item, parent)) {
        break;
      }
      this.#items[place] = parent;
      place = above;
    }
    this.#items[place] = item;
  }

  /** Takes the first one out; undefined when there is none. */
  take(): Item | undefined {
    const [first] = this.#items;
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) {
      this.#sink(last);
    }
    return first;
  }

  /** Puts an item into the first place, and it down to where it belongs. */
  #sink(item: Item): void {
    let place = 0;
    for (;;) {
      const below = this.#firstBelow(place);
      const child = this.#items[below];
      if (child === undefined || !this.#isBefore(child, item)) {
        break;
      }
      this.#items[place] = child;
      place = below;
    }
    this.#items[place] = item;
  }

  #firstBelow(place: number): number {
    const [left, right] = [2 * place + 1, 2 * place + 2];
    const isRight = right < this.#items.length && this.#isBefore(this.#items[right] as Item, this.#items[left] as Item);
    return isRight ? right : left;
  }
}
