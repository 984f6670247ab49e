/** Queues for the same outputs of a signature, by the shapes that wait in them. */
interface QueueGroup<Queue> {
  readonly outputs: ReadonlySet<string>;
  readonly byShapes: Map<string, Queue>;
}

/** The queues of a model, by what the requests in each have in common. */
export class QueueTable<Queue extends { readonly isEmpty: boolean }> {
  /** Groups of each signature: to compare a few names costs less than to build a key of all. */
  readonly #groups = new Map<string, QueueGroup<Queue>[]>();

  /**
   * The queue of a request.
   *
   * @param outputs names, in any order
   * @param shapes what tells apart the shapes that may not wait together
   * @param make makes the queue when there is none
   */
  find(signatureName: string, outputs: readonly string[], shapes: string, make: () => Queue): Queue {
    const known = this.#group(signatureName, outputs)?.byShapes.get(shapes);
    if (known !== undefined) {
      return known;
    }
    this.#forgetEmpty();
    const group = this.#group(signatureName, outputs) ?? this.#addGroup(signatureName, outputs);
    const queue = make();
    group.byShapes.set(shapes, queue);
    return queue;
  }

  *values(): Generator<Queue> {
    for (const { byShapes } of [...this.#groups.values()].flat()) {
      yield* byShapes.values();
    }
  }

  #group(signatureName: string, outputs: readonly string[]): QueueGroup<Queue> | undefined {
    const { size } = new Set(outputs);
    return this.#groups
      .get(signatureName)
      ?.find((group) => group.outputs.size === size && outputs.every((name) => group.outputs.has(name)));
  }

  #addGroup(signatureName: string, outputs: readonly string[]): QueueGroup<Queue> {
    const group = { outputs: new Set(outputs), byShapes: new Map<string, Queue>() };
    this.#groups.set(signatureName, [...(this.#groups.get(signatureName) ?? []), group]);
    return group;
  }

  /** Requesters choose outputs and shapes, so queues that nobody waits in must not pile up. */
  #forgetEmpty(): void {
    for (const [signatureName, groups] of this.#groups) {
      this.#groups.set(signatureName, groups.filter(hasWaiting));
    }
  }
}

/** Whether anybody waits in a group, after those of its queues in which nobody does have been dropped. */
function hasWaiting<Queue extends { readonly isEmpty: boolean }>({ byShapes }: QueueGroup<Queue>): boolean {
  for (const [shapes, { isEmpty }] of byShapes) {
    if (isEmpty) {
      byShapes.delete(shapes);
    }
  }
  return byShapes.size > 0;
}
