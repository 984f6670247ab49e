import { ModelError } from "../errors.ts";
import { bodiesOf } from "./bodies.ts";
import type { NodeProto } from "./schema.ts";

/**
 * Refuses nodes of one graph that need their own results. The names that a node's bodies use count as its inputs, since
 * a body sees the values of the graph around it.
 * @throws ModelError `cyclic-graph`, or `bad-onnx` when two nodes make the same value
 */
export function checkAcyclic(nodes: readonly NodeProto[]): void {
  const producers = findProducers(nodes);
  const waiting = nodes.map(() => 0);
  const consumers = nodes.map((): number[] => []);
  nodes.forEach((node, index) => {
    for (const producer of dependencies(node, producers)) {
      (consumers[producer] as number[]).push(index);
      waiting[index] = (waiting[index] as number) + 1;
    }
  });
  const ready = [...nodes.keys()].filter((index) => waiting[index] === 0);
  for (const index of ready) {
    for (const consumer of consumers[index] as number[]) {
      waiting[consumer] = (waiting[consumer] as number) - 1;
      if (waiting[consumer] === 0) {
        ready.push(consumer);
      }
    }
  }
  if (ready.length < nodes.length) {
    throw new ModelError("cyclic-graph", "ONNX graph has operations that wait for each other's results");
  }
}

/** Index of the node that makes each value. */
function findProducers(nodes: readonly NodeProto[]): Map<string, number> {
  const producers = new Map<string, number>();
  nodes.forEach(({ output }, index) => {
    for (const name of output.filter((value) => value !== "")) {
      if (producers.has(name)) {
        throw new ModelError("bad-onnx", `two operations of the ONNX graph make the value ${JSON.stringify(name)}`);
      }
      producers.set(name, index);
    }
  });
  return producers;
}

function dependencies(node: NodeProto, producers: ReadonlyMap<string, number>): Set<number> {
  const needed = new Set<number>();
  for (const name of usedNames(node)) {
    const producer = producers.get(name);
    if (producer !== undefined) {
      needed.add(producer);
    }
  }
  return needed;
}

/** Names that a node reads itself or in its bodies. Bodies are already known not to nest deeply. */
function* usedNames(node: NodeProto): Generator<string> {
  yield* node.input;
  for (const body of node.attribute.flatMap(bodiesOf)) {
    yield* body.output.map(({ name }) => name);
    for (const inner of body.node) {
      yield* usedNames(inner);
    }
  }
}
