import type { Value } from "../graph-operation.ts";
import { type LoopTurn, type Sum, TurnGraph } from "./turn-graph.ts";

/** Weights with a part for each gate, along their last axis. */
export interface Weights {
  readonly value: Value;
  /** Places of the parts of ONNX's gates, in its order. */
  readonly order: readonly number[];
}

/** What a turn does when it is a cell of a recurrent layer, as ONNX's operations LSTM and GRU have them. */
export interface Cell {
  readonly kind: "LSTM" | "GRU";
  readonly units: number;
  /** What the layer is run on: [steps, batch, features]. */
  readonly rows: Value;
  /** Places of the states among the loop's variables: the output, and an LSTM's inner state. */
  readonly states: readonly number[];
  /** [features, gates of units] */
  readonly kernel: Weights;
  /** [units, gates of units] */
  readonly recurrent: Weights;
  /** Vectors of gates of units, ordered as the kernel's and the recurrent weights' are. */
  readonly inputBiases: readonly Value[];
  readonly stateBiases: readonly Value[];
}

/**
 * Recognises a cell by what its turn computes: every operation has its place in the cell, whatever the order of gates and of
 * the terms of sums. Only activations are known that give no more than they are worth, which keeps what is finite so.
 * @returns undefined for any other turn
 */
export function recogniseCell(turn: LoopTurn): Cell | undefined {
  const graph = new TurnGraph(turn);
  const places = [...turn.variables.keys()];
  const cell =
    places.length === 2 ? (lstm(graph, 0, 1) ?? lstm(graph, 1, 0)) : places.length === 1 ? gru(graph) : undefined;
  const output = cell && turn.carried[cell.states[0] as number];
  return turn.items.every((item) => item === output) && graph.isAllNeeded() ? cell : undefined;
}

/** h = o * tanh(c), c = f * c + i * tanh(g), of gates that are parts of one sum. */
function lstm(graph: TurnGraph, hAt: number, cAt: number): Cell | undefined {
  const { variables, carried } = graph.turn;
  const [c, newC] = [variables[cAt], carried[cAt]];
  const [out] = graph.operands(carried[hAt], "Mul").find(([, shown]) => graph.operand(shown, "Tanh") === newC) ?? [];
  for (const [kept, added] of graph.operands(newC, "Add")) {
    const forget = graph.otherFactor(kept, c);
    for (const [input, candidate] of graph.operands(added, "Mul")) {
      const gates = [input, out, forget].map((gate) => graph.operand(gate, "Sigmoid"));
      const parts = wholeOf([...gates, graph.operand(candidate, "Tanh")], graph);
      const cell = parts && lstmOf(graph, parts, [hAt, cAt]);
      if (cell !== undefined) {
        return cell;
      }
    }
  }
  return undefined;
}

function lstmOf(graph: TurnGraph, parts: Whole, states: readonly [h: number, c: number]): Cell | undefined {
  const sum = graph.sum(parts.of);
  const terms = { sum, order: parts.order };
  const found = withProducts(graph, graph.turn.variables[states[0]], terms, terms);
  return (
    sum && found && { ...found, kind: "LSTM", units: parts.units, states, inputBiases: sum.vectors, stateBiases: [] }
  );
}

/** h = z * h + (1 - z) * tanh(xg + r * hg), of gates that are sums of parts of two sums. */
function gru(graph: TurnGraph): Cell | undefined {
  const [[h], [newH]] = [graph.turn.variables, graph.turn.carried];
  for (const [kept, added] of graph.operands(newH, "Add")) {
    const update = graph.otherFactor(kept, h);
    for (const [share, shown] of graph.operands(added, "Mul")) {
      const [whole, less] = graph.operands(share, "Sub")[0] ?? [];
      const isShared = update !== undefined && isOne(whole) && less === update;
      const cell = isShared ? gruOf(graph, update, graph.operand(shown, "Tanh")) : undefined;
      if (cell !== undefined) {
        return cell;
      }
    }
  }
  return undefined;
}

/** Whatever order its sums and its product have. */
function gruOf(graph: TurnGraph, update: Value, candidate: Value | undefined): Cell | undefined {
  const updates = graph.operands(graph.operand(update, "Sigmoid"), "Add");
  const forms = graph.operands(candidate, "Add").flatMap(([ofX, reset]) =>
    graph.operands(reset, "Mul").flatMap(([gate, ofH]) => {
      const resets = graph.operands(graph.operand(gate, "Sigmoid"), "Add");
      return updates.flatMap(([updateX, updateH]) =>
        resets.map(([resetX, resetH]) => ({ x: [updateX, resetX, ofX], h: [updateH, resetH, ofH] })),
      );
    }),
  );
  for (const { x, h } of forms) {
    const cell = gruOfParts(graph, wholeOf(x, graph), wholeOf(h, graph));
    if (cell !== undefined) {
      return cell;
    }
  }
  return undefined;
}

function gruOfParts(graph: TurnGraph, x: Whole | undefined, h: Whole | undefined): Cell | undefined {
  const [ofX, ofH] = [x && graph.sum(x.of), h && graph.sum(h.of)];
  if (x === undefined || h === undefined || x.units !== h.units || ofX?.products.length !== 1) {
    return undefined;
  }
  const [input, state] = [
    { sum: ofX, order: x.order },
    { sum: ofH, order: h.order },
  ];
  const found = withProducts(graph, graph.turn.variables[0], input, state);
  const biases = { inputBiases: ofX.vectors, stateBiases: ofH?.vectors ?? [] };
  return found && { ...found, ...biases, kind: "GRU", units: x.units, states: [0] };
}

function isOne(value: Value | undefined): boolean {
  const { shape, data } = value?.constant ?? {};
  return shape?.length === 0 && data instanceof Float32Array && data[0] === 1;
}

/** A value that is split into the gates. */
interface Whole {
  readonly of: Value;
  readonly units: number;
  /** Places of the gates among its parts. */
  readonly order: readonly number[];
}

/** The value that all gates are parts of, each another one, and none is left. */
function wholeOf(gates: readonly (Value | undefined)[], graph: TurnGraph): Whole | undefined {
  const parts = gates.map((gate) => graph.part(gate));
  const [first] = parts;
  const areOfOne = parts.every((part) => part !== undefined && part.of === first?.of && part.count === parts.length);
  const order = parts.flatMap((part) => part?.place ?? []);
  return first !== undefined && areOfOne && new Set(order).size === parts.length
    ? { of: first.of, units: first.size, order }
    : undefined;
}

interface Terms {
  readonly sum: Sum | undefined;
  readonly order: readonly number[];
}

/** The products of the turn's row and of the state with weights, which may be in one sum: there is nothing else in the sums. */
function withProducts(
  graph: TurnGraph,
  state: Value | undefined,
  input: Terms,
  ofState: Terms,
): Pick<Cell, "rows" | "kernel" | "recurrent"> | undefined {
  const [products, others] = [input.sum?.products ?? [], ofState.sum?.products ?? []];
  const row = products.find(([left]) => graph.rowsOf(left) !== undefined);
  const recurrent = others.find(([left]) => left === state);
  const rows = row && graph.rowsOf(row[0]);
  if (
    new Set([...products, ...others]).size !== 2 ||
    row === undefined ||
    recurrent === undefined ||
    rows === undefined
  ) {
    return undefined;
  }
  const areWeights = [row[1], recurrent[1]].every((value) => graph.isOutside(value) && value.shape?.length === 2);
  return areWeights
    ? { rows, kernel: { value: row[1], order: input.order }, recurrent: { value: recurrent[1], order: ofState.order } }
    : undefined;
}
