import { ModelError } from "../errors.ts";
import { bodiesOf } from "./bodies.ts";
import { checkAcyclic } from "./check-acyclic.ts";
import { checkFunctions, functionKey } from "./check-functions.ts";
import { checkSparseTensor, checkTensor } from "./check-tensor.ts";
import { type ExternalData, isExternal } from "./external-data.ts";
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from "./schema.ts";

/** Bodies of branches and loops inside each other. Exporters make two or three. */
const MAX_DEPTH = 16;
/** Domains whose operations are compiled into the engine. Libraries of custom operations are never loaded. */
const BUILT_IN_DOMAINS: ReadonlySet<string> = new Set(["", "ai.onnx", "ai.onnx.ml", "com.microsoft"]);
/** Operations of these domains that read files. */
const FILE_OPERATIONS: ReadonlySet<string> = new Set(["EPContext"]);

/** Tells whether the model may use an operation. */
type Permits = (node: NodeProto) => boolean;

/**
 * Refuses a model that could reach outside of itself or exhaust the engine: data in files that are not its own, custom operations,
 * cycles, absurd shapes, bodies nested too deeply, functions that expand without measure.
 * @param external files beside the model, which only initialisers of its own graph may use
 * @throws ModelError `external-data`, `unsupported-op`, `cyclic-graph`, `too-large`, `unsupported-type`, `bad-onnx`
 */
export function checkModel(model: ModelProto, external: ExternalData): GraphProto {
  if (model.graph === undefined || model.graph.output.length === 0) {
    throw new ModelError("bad-onnx", "ONNX model has no graph with outputs");
  }
  const ownOperations = new Set(model.functions.map(functionKey));
  const permits: Permits = ({ domain, opType }) =>
    ownOperations.has(functionKey({ domain, name: opType })) ||
    (BUILT_IN_DOMAINS.has(domain) && !FILE_OPERATIONS.has(opType));
  const [outside, inside] = [model.graph.initializer.filter(isExternal), model.graph.initializer.filter(isInside)];
  for (const initialiser of outside) {
    external.check(initialiser);
  }
  checkGraph({ ...model.graph, initializer: inside }, permits, 0);
  for (const { node, attributeProto } of model.functions) {
    checkNodes(node, permits, 0);
    checkAttributes(attributeProto, permits, 0);
  }
  checkFunctions(model);
  return model.graph;
}

function checkGraph(graph: GraphProto, permits: Permits, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new ModelError("too-large", `ONNX graph nests bodies more than ${MAX_DEPTH} deep`);
  }
  graph.initializer.forEach(checkTensor);
  graph.sparseInitializer.forEach(checkSparseTensor);
  checkNodes(graph.node, permits, depth);
}

function checkNodes(nodes: readonly NodeProto[], permits: Permits, depth: number): void {
  for (const node of nodes) {
    if (!permits(node)) {
      throw new ModelError("unsupported-op", `operation ${operationName(node)} is not one of the engine's own`, {
        expected: "operations of the standard ONNX domains",
      });
    }
    checkAttributes(node.attribute, permits, depth);
  }
  checkAcyclic(nodes);
}

function checkAttributes(attributes: readonly AttributeProto[], permits: Permits, depth: number): void {
  for (const attribute of attributes) {
    defined([attribute.t, ...attribute.tensors]).forEach(checkTensor);
    defined([attribute.sparseTensor, ...attribute.sparseTensors]).forEach(checkSparseTensor);
    for (const body of bodiesOf(attribute)) {
      checkGraph(body, permits, depth + 1);
    }
  }
}

function isInside(tensor: TensorProto): boolean {
  return !isExternal(tensor);
}

function defined<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

function operationName({ domain, opType, name }: NodeProto): string {
  const operation = domain === "" ? opType : `${domain}.${opType}`;
  return `${JSON.stringify(operation)} (node ${JSON.stringify(name)})`;
}
