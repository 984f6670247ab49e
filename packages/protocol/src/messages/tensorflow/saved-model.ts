import { numbers, repeated } from "../../protobuf/list-field.ts";
import { map } from "../../protobuf/map-field.ts";
import { type MessageOf, message } from "../../protobuf/message.ts";
import { field, oneof } from "../../protobuf/single-field.ts";
import { Any } from "../any.ts";
import { GraphDef } from "./graph.ts";
import { OpList } from "./op-def.ts";
import { SignatureDef, TensorInfo } from "./signature-def.ts";

const MetaInfoDef = message("tensorflow.MetaGraphDef.MetaInfoDef", {
  metaGraphVersion: field(1, "string"),
  strippedOpList: field(2, OpList),
  anyInfo: field(3, Any),
  tags: repeated(4, "string"),
  tensorflowVersion: field(5, "string"),
  tensorflowGitVersion: field(6, "string"),
  strippedDefaultAttrs: field(7, "bool"),
});

/** `tensorflow.SaverDef` (saver.proto): how the graph reads its checkpoint. */
export const SaverDef = message("tensorflow.SaverDef", {
  filenameTensorName: field(1, "string"),
  saveTensorName: field(2, "string"),
  restoreOpName: field(3, "string"),
});
/** A value of the message {@link SaverDef}. */
export type SaverDef = MessageOf<typeof SaverDef>;

/** `tensorflow.CollectionDef` (meta_graph.proto). */
export const CollectionDef = message("tensorflow.CollectionDef", {
  nodeList: oneof("kind", 1, message("tensorflow.CollectionDef.NodeList", { value: repeated(1, "string") })),
  bytesList: oneof("kind", 2, message("tensorflow.CollectionDef.BytesList", { value: repeated(1, "bytes") })),
  int64List: oneof("kind", 3, message("tensorflow.CollectionDef.Int64List", { value: numbers(1, "int64") })),
  floatList: oneof("kind", 4, message("tensorflow.CollectionDef.FloatList", { value: numbers(1, "float") })),
  anyList: oneof("kind", 5, message("tensorflow.CollectionDef.AnyList", { value: repeated(1, Any) })),
});
/** A value of the message {@link CollectionDef}. */
export type CollectionDef = MessageOf<typeof CollectionDef>;

/** `tensorflow.AssetFileDef` (meta_graph.proto). */
export const AssetFileDef = message("tensorflow.AssetFileDef", {
  tensorInfo: field(1, TensorInfo),
  filename: field(2, "string"),
});
/** A value of the message {@link AssetFileDef}. */
export type AssetFileDef = MessageOf<typeof AssetFileDef>;

/** `tensorflow.MetaGraphDef` (meta_graph.proto). */
export const MetaGraphDef = message("tensorflow.MetaGraphDef", {
  metaInfoDef: field(1, MetaInfoDef),
  graphDef: field(2, GraphDef),
  saverDef: field(3, SaverDef),
  collectionDef: map(4, "string", CollectionDef),
  signatureDef: map(5, "string", SignatureDef),
  assetFileDef: repeated(6, AssetFileDef),
  /** An encoded `tensorflow.SavedObjectGraph`. */
  objectGraphDef: field(7, "bytes"),
});
/** A value of the message {@link MetaGraphDef}. */
export type MetaGraphDef = MessageOf<typeof MetaGraphDef>;

/** `tensorflow.SavedModel` (saved_model.proto): the content of `saved_model.pb`. */
export const SavedModel = message("tensorflow.SavedModel", {
  savedModelSchemaVersion: field(1, "int64"),
  metaGraphs: repeated(2, MetaGraphDef),
});
/** A value of the message {@link SavedModel}. */
export type SavedModel = MessageOf<typeof SavedModel>;
