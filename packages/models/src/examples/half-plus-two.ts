import {
  AttrList,
  DEFAULT_SIGNATURE_KEY,
  dataTypeNumber,
  GraphDef,
  MetaGraphDef,
  type NodeDef,
  SavedModel,
  SaverDef,
  SignatureDef,
  VersionDef,
} from "@sealserve/protocol";

import { type CheckpointTensor, encodeCheckpoint } from "../bundle/checkpoint-writer.ts";
import { SAVED_MODEL_FILE } from "../model-files.ts";
import { SERVE_TAGS } from "../saved-model/meta-graph.ts";
import { PREDICT_METHOD } from "../signature.ts";
import { constantNode, node, shapeAttr, tensorInfo, textTensor, typeAttr } from "./graph-def.ts";

/** Version of the graph format that TensorFlow 1.15 wrote. */
const GRAPH_VERSION = 134;
/** The variables of the model, which computes `a * x + b`. */
const variables: Readonly<Record<string, number>> = { a: 0.5, b: 2 };
const names = Object.keys(variables);
const floats = typeAttr("float32");

/**
 * The model that TensorFlow Serving's documentation starts with, as the files of a SavedModel in TensorFlow 1's form: a
 * graph with its saver, and the variables in a checkpoint. One signature, `serving_default`: `x` gives `y`, floats of any
 * shape.
 */
export function makeHalfPlusTwo(): Map<string, Uint8Array> {
  return new Map([[SAVED_MODEL_FILE, encodeSavedModel()], ...encodeCheckpoint(checkpointTensors())]);
}

function encodeSavedModel(): Uint8Array {
  const signature = SignatureDef.create({
    inputs: new Map([["x", tensorInfo("x:0", "float32", [-1, 1])]]),
    outputs: new Map([["y", tensorInfo("y:0", "float32", [-1, 1])]]),
    methodName: PREDICT_METHOD,
  });
  const metaGraph = MetaGraphDef.create({
    metaInfoDef: { ...emptyMetaInfo, tags: SERVE_TAGS },
    graphDef: GraphDef.create({
      node: [...computation(), ...saver()],
      versions: VersionDef.create({ producer: GRAPH_VERSION }),
    }),
    saverDef: SaverDef.create({ filenameTensorName: "save/Const:0", restoreOpName: "save/restore_all" }),
    signatureDef: new Map([[DEFAULT_SIGNATURE_KEY, signature]]),
  });
  return SavedModel.encode({ savedModelSchemaVersion: 1n, metaGraphs: [metaGraph] });
}

const emptyMetaInfo = {
  metaGraphVersion: "",
  tensorflowVersion: "",
  tensorflowGitVersion: "",
  strippedDefaultAttrs: true,
};

function computation(): NodeDef[] {
  return [
    ...names.flatMap((name) => [
      node(name, "VariableV2", [], { dtype: floats, shape: shapeAttr([]) }),
      node(`${name}/read`, "Identity", [name], { T: floats }),
    ]),
    node("x", "Placeholder", [], { dtype: floats, shape: shapeAttr([-1, 1]) }),
    node("mul", "Mul", ["x", "a/read"], { T: floats }),
    node("y", "Add", ["mul", "b/read"], { T: floats }),
  ];
}

/** How TensorFlow fills the variables: one restore operation, and an assignment from each of its outputs. */
function saver(): NodeDef[] {
  const types = AttrList.create({ type: names.map(() => dataTypeNumber("float32")) });
  const inputs = ["save/Const", "save/RestoreV2/tensor_names", "save/RestoreV2/shape_and_slices"];
  return [
    constantNode("save/Const", { ...textTensor(["model"]), shape: [] }),
    constantNode("save/RestoreV2/tensor_names", textTensor(names)),
    constantNode("save/RestoreV2/shape_and_slices", textTensor(names.map(() => ""))),
    node("save/RestoreV2", "RestoreV2", inputs, { dtypes: { list: types } }),
    ...names.map((name, index) => node(`save/${name}`, "Assign", [name, `save/RestoreV2:${index}`], { T: floats })),
    node(
      "save/restore_all",
      "NoOp",
      names.map((name) => `^save/${name}`),
    ),
  ];
}

function checkpointTensors(): Map<string, CheckpointTensor> {
  return new Map(
    Object.entries(variables).map(([name, value]) => [
      name,
      { dtype: "float32", shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) },
    ]),
  );
}
