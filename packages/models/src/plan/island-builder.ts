import { ModelError } from "../errors.ts";
import { arrangeImages } from "../importer/layout/arrange-images.ts";
import { OnnxGraph, outputName, type Value } from "../importer/onnx-graph.ts";
import { foldWeights } from "../importer/weights/fold-weights.ts";
import type { WeightPlaces } from "../importer/weights/weight-places.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import type { Branches, Origin, RunValue } from "./origin.ts";
import type { Guard, IslandStep } from "./plan.ts";

/** What makes an island. */
interface IslandPlace {
  readonly stage: number;
  readonly branches: Branches;
  /** Stage and branches. */
  readonly key: string;
}

/** Builds the ONNX graph of one stage. */
export class IslandBuilder implements IslandPlace {
  readonly graph: OnnxGraph;
  readonly stage: number;
  readonly branches: Branches;
  readonly key: string;
  /** Constants, variables and values from elsewhere that are in the graph. */
  readonly #brought = new Map<Origin, Value>();
  readonly #inputs = new Map<string, GraphPort>();
  readonly #outputs = new Map<string, Value>();

  constructor({ stage, branches, key }: IslandPlace, graph = new OnnxGraph()) {
    this.graph = graph;
    this.stage = stage;
    this.branches = branches;
    this.key = key;
  }

  /** The value in this graph; it comes in as an input unless it is here already. @throws ModelError */
  valueOf(origin: Origin): Value {
    if (origin.kind === "run" && origin.inIsland?.island === this.key) {
      return origin.inIsland.value;
    }
    const value = this.#brought.get(origin) ?? this.#bringIn(origin);
    this.#brought.set(origin, value);
    return value;
  }

  /** Makes a value of this graph one of its outputs, under a name of the plan. */
  export(name: string, value: Value): void {
    this.#outputs.set(name, value);
  }

  /**
   * @param places where the graphs of the model find their weights
   * @param guards of the branches that it is in
   */
  build(places: WeightPlaces, guards: readonly Guard[]): IslandStep<RunnableGraph> {
    const outputs = [...this.#outputs].map(([name, { dtype }], position): [string, GraphPort] => {
      return [name, { name: outputName(position), dtype, position }];
    });
    const arranged = arrangeImages(this.graph, [...this.#outputs.values()]);
    const model = this.graph.encode(foldWeights(this.graph, arranged, places), places);
    return {
      kind: "island",
      island: { model, inputs: this.#inputs, outputs: new Map(outputs) },
      inputs: [...this.#inputs.keys()],
      outputs: [...this.#outputs.keys()],
      guards,
    };
  }

  #bringIn(origin: Origin): Value {
    if (origin.kind === "constant") {
      return this.graph.constant(origin.constant);
    }
    if (origin.kind === "variable") {
      return this.graph.stored(origin.key, origin.stored);
    }
    if (origin.kind === "run") {
      return origin.inEngine?.(this.graph, (part) => this.valueOf(part)) ?? this.#input(origin);
    }
    const what = origin.kind === "handle" ? `variable ${JSON.stringify(origin.identity)}` : "a table";
    throw new ModelError("unsupported-op", `the handle of ${what} is used as a value`);
  }

  #input({ name, dtype, declared }: RunValue): Value {
    const value = { ...this.graph.input(dtype), declared };
    this.#inputs.set(name, { name: value.name, dtype, position: this.#inputs.size });
    return value;
  }
}
