import { enumeration } from "../../protobuf/enumeration.ts";
import { dataTypes } from "../../tensor/data-type.ts";

const REFERENCE_OFFSET = 100;

/** `tensorflow.DataType` (types.proto), the reference types of TensorFlow 1 variables included. */
export const DataTypeEnum = enumeration("tensorflow.DataType", {
  DT_INVALID: 0,
  ...Object.fromEntries(dataTypes.map(({ protoName, number }) => [protoName, number])),
  ...Object.fromEntries(dataTypes.map(({ protoName, number }) => [`${protoName}_REF`, number + REFERENCE_OFFSET])),
});
