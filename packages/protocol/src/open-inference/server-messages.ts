import { repeated } from "../protobuf/list-field.ts";
import { map } from "../protobuf/map-field.ts";
import { type MessageOf, message } from "../protobuf/message.ts";
import { field } from "../protobuf/single-field.ts";

/** `inference.ServerLiveRequest`. */
export const ServerLiveRequest = message("inference.ServerLiveRequest", {});
/** `inference.ServerLiveResponse`. */
export const ServerLiveResponse = message("inference.ServerLiveResponse", { live: field(1, "bool") });

/** `inference.ServerReadyRequest`. */
export const ServerReadyRequest = message("inference.ServerReadyRequest", {});
/** `inference.ServerReadyResponse`. */
export const ServerReadyResponse = message("inference.ServerReadyResponse", { ready: field(1, "bool") });

/** `inference.ModelReadyRequest`. */
export const ModelReadyRequest = message("inference.ModelReadyRequest", {
  name: field(1, "string"),
  version: field(2, "string"),
});
/** `inference.ModelReadyResponse`. */
export const ModelReadyResponse = message("inference.ModelReadyResponse", { ready: field(1, "bool") });

/** `inference.ServerMetadataRequest`. */
export const ServerMetadataRequest = message("inference.ServerMetadataRequest", {});
/** `inference.ServerMetadataResponse`. */
export const ServerMetadataResponse = message("inference.ServerMetadataResponse", {
  name: field(1, "string"),
  version: field(2, "string"),
  extensions: repeated(3, "string"),
});
/** A value of the message {@link ServerMetadataResponse}. */
export type ServerMetadataResponse = MessageOf<typeof ServerMetadataResponse>;

/** `inference.ModelMetadataRequest`. */
export const ModelMetadataRequest = message("inference.ModelMetadataRequest", {
  name: field(1, "string"),
  version: field(2, "string"),
});

/** `inference.ModelMetadataResponse.TensorMetadata`: an input or output; a dimension of -1 is of any size. */
export const TensorMetadata = message("inference.ModelMetadataResponse.TensorMetadata", {
  name: field(1, "string"),
  datatype: field(2, "string"),
  shape: repeated(3, "int64"),
});
/** A value of the message {@link TensorMetadata}. */
export type TensorMetadata = MessageOf<typeof TensorMetadata>;

/** `inference.ModelMetadataResponse`. */
export const ModelMetadataResponse = message("inference.ModelMetadataResponse", {
  name: field(1, "string"),
  versions: repeated(2, "string"),
  platform: field(3, "string"),
  inputs: repeated(4, TensorMetadata),
  outputs: repeated(5, TensorMetadata),
  properties: map(6, "string", "string"),
});
/** A value of the message {@link ModelMetadataResponse}. */
export type ModelMetadataResponse = MessageOf<typeof ModelMetadataResponse>;
