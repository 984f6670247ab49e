/**
 * Waiting work of many requesters, who take turns. When there is no more room it is taken from the one with the most, so that nobody
 * keeps the others out.
 */
export class FairQueue<Item> {
  readonly #limit: number;
  /** In the order of their turns; none is empty. */
  readonly #byRequester = new Map<string, Item[]>();
  #size = 0;

  /** @param limit most that wait, from 1 on */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns the item that there is no room for: the newest of the requester with the most, which may be this one */
  add(requester: string, item: Item): Item | undefined {
    const own = this.#byRequester.get(requester) ?? [];
    let displaced: Item | undefined;
    if (this.#size >= this.#limit) {
      const [fullest, items] = this.#fullest();
      if (items.length <= own.length + 1) {
        return item;
      }
      displaced = items.at(-1);
      this.#take(fullest, items, items.length - 1);
    }
    own.push(item);
    this.#byRequester.set(requester, own);
    this.#size++;
    return displaced;
  }

  /** The oldest item of the requester whose turn it is. */
  next(): Item | undefined {
    for (const [requester, items] of this.#byRequester) {
      const [item] = items;
      this.#byRequester.delete(requester);
      this.#byRequester.set(requester, items);
      this.#take(requester, items, 0);
      return item;
    }
    return undefined;
  }

  /** Takes an item out, if it waits. */
  remove(requester: string, item: Item): void {
    const items = this.#byRequester.get(requester) ?? [];
    const place = items.indexOf(item);
    if (place >= 0) {
      this.#take(requester, items, place);
    }
  }

  /** Takes everything out. */
  clear(): Item[] {
    const all = [...this.#byRequester.values()].flat();
    this.#byRequester.clear();
    this.#size = 0;
    return all;
  }

  #take(requester: string, items: Item[], place: number): void {
    items.splice(place, 1);
    this.#size--;
    if (items.length === 0) {
      this.#byRequester.delete(requester);
    }
  }

  #fullest(): [string, Item[]] {
    return [...this.#byRequester].reduce((most, each) => (each[1].length > most[1].length ? each : most));
  }
}
