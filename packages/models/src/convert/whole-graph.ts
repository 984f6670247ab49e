import type { DataType, Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { GraphProto, ModelProto } from "../onnx/schema.ts";
import { makeInitialiser, makeNode, makeValueInfo } from "../onnx/write.ts";
import type { IslandStep, Plan } from "../plan/plan.ts";
import type { PreparedModel } from "../prepared-model.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import { expectSoleIsland } from "./expect-sole-island.ts";
import { prefixNames } from "./prefix-names.ts";

/** An input of a signature; `inner` is the input of the island that takes it, undefined when none does. */
interface InputPart {
  readonly alias: string;
  readonly dtype: DataType;
  readonly inner: string | undefined;
}

/** An output of a signature: an output of the island, an input as it is, or a constant. */
interface OutputPart {
  readonly alias: string;
  readonly dtype: DataType;
  readonly source: { readonly inner: string } | { readonly input: string } | { readonly constant: Tensor };
}

/** What a signature computes: the graph of an island, and what the signature's names stand for. */
interface Parts {
  readonly island: GraphProto;
  readonly inputs: readonly InputPart[];
  readonly outputs: readonly OutputPart[];
}

/**
 * What a signature computes as one ONNX graph whose inputs and outputs go by the signature's names.
 * @throws ModelError the signature's refusal; `not-convertible` when it needs steps outside of the engine, or has a name twice
 */
export function wholeGraph({ graphs, plans, refusals }: PreparedModel, key: string): GraphProto {
  const [graph, plan, refusal] = [graphs.get(key), plans.get(key), refusals.get(key)];
  if (refusal !== undefined) {
    throw refusal;
  }
  if (graph !== undefined) {
    return joinParts(key, partsOfGraph(graph));
  }
  if (plan === undefined) {
    throw new ModelError("not-convertible", `the model has no signature ${JSON.stringify(key)}`);
  }
  return joinParts(key, partsOfPlan(plan, expectSoleIsland(key, plan.steps)));
}

function partsOfGraph({ model, inputs, outputs }: RunnableGraph): Parts {
  return {
    island: decodeGraph(model),
    inputs: [...inputs].map(([alias, { dtype, name }]) => ({ alias, dtype, inner: name })),
    outputs: [...outputs].map(([alias, { dtype, name }]) => ({ alias, dtype, source: { inner: name } })),
  };
}

function partsOfPlan(plan: Plan, step: IslandStep<RunnableGraph> | undefined): Parts {
  const island = step?.island;
  return {
    island: island === undefined ? GraphProto.create({}) : decodeGraph(island.model),
    inputs: [...plan.inputs].map(([alias, { dtype, name }]) => ({
      alias,
      dtype,
      inner: island?.inputs.get(name)?.name,
    })),
    outputs: [...plan.outputs].map(([alias, port]) => {
      return { alias, dtype: port.dtype, source: sourceOf(plan, port, island) };
    }),
  };
}

function sourceOf(
  { inputs, constants }: Plan,
  { name }: GraphPort,
  island: RunnableGraph | undefined,
): OutputPart["source"] {
  const inner = island?.outputs.get(name)?.name;
  const constant = constants.get(name);
  if (inner !== undefined) {
    return { inner };
  }
  // Of two names for one input the later one counts.
  const input = [...inputs].findLast(([, port]) => port.name === name)?.[0];
  return constant === undefined ? { input: input ?? "" } : { constant };
}

/** Names of the island get out of the way of the signature's, which are then put around them. */
function joinParts(key: string, { island, inputs, outputs }: Parts): GraphProto {
  const names = [...inputs, ...outputs].map(({ alias }) => alias);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) {
    const what = `signature ${JSON.stringify(key)} has the name ${JSON.stringify(twice)} for an input and for an output`;
    throw new ModelError("not-convertible", `${what}, which ONNX does not take`);
  }
  const { graph, rename } = prefixNames(island, names);
  const fed = new Map(inputs.flatMap(({ alias, inner }) => (inner === undefined ? [] : [[inner, alias] as const])));
  const constants = outputs.flatMap(({ alias, source }) =>
    "constant" in source ? [makeInitialiser(rename(`constant/${alias}`), source.constant)] : [],
  );
  const sourceName = ({ alias, source }: OutputPart): string => {
    if ("inner" in source) {
      return rename(source.inner);
    }
    return "input" in source ? source.input : rename(`constant/${alias}`);
  };
  return {
    ...graph,
    name: "model",
    initializer: [...graph.initializer, ...constants],
    node: [
      ...[...fed].map(([inner, alias]) => makeNode("Identity", [alias], [rename(inner)])),
      ...graph.node,
      ...outputs.map((output) => makeNode("Identity", [sourceName(output)], [output.alias])),
    ],
    input: inputs.map(({ alias, dtype }) => makeValueInfo(alias, dtype)),
    output: outputs.map(({ alias, dtype }) => makeValueInfo(alias, dtype)),
  };
}

function decodeGraph(model: Uint8Array): GraphProto {
  return ModelProto.decode(model).graph ?? GraphProto.create({});
}
