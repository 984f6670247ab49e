// What changes the models of a server: configurations, reload requests and requests that warm a version up.
import { concatBytes, encodeUtf8 } from "@sealserve/core";
import { ClassificationRequest, PredictionLog, ReloadConfigRequest } from "@sealserve/protocol";
import { encodeTfRecords } from "../support/tf-record.ts";
import { exampleRequests, jsonBodies, predictRequests } from "./serving-corpus.ts";

export const modelServerConfigs: readonly string[] = [
  `model_config_list: {
  config: {
    name: "m", base_path: '/models/m'; model_platform: "tensorflow" # a comment
    model_version_policy { specific { versions: 42 versions: 43 } }
    version_labels { key: "stable" value: 42 }
  },
  config { name: "n" base_path: "/models/n" model_type: TENSORFLOW model_version_policy { latest { num_versions: 2 } } }
}`,
  "model_config_list { config { logging_config { sampling_config { sampling_rate: 0.5 } } } }",
];

export const reloadRequests: readonly Uint8Array[] = [
  ReloadConfigRequest.encode({
    config: {
      modelConfigList: {
        config: [
          {
            name: "m",
            basePath: "/models/m",
            modelType: 0,
            modelPlatform: "tensorflow",
            modelVersionPolicy: { specific: { versions: [1n, -1n] } },
            versionLabels: new Map([["stable", 1n]]),
          },
        ],
      },
    },
    metricNames: ["/tensorflow/serving/request_count"],
  }),
];

export const predictionLogs: readonly Uint8Array[] = [
  ...predictRequests.map((request) => PredictionLog.encode({ predictLog: { request } })),
  ...exampleRequests
    .slice(0, 1)
    .map((bytes) => PredictionLog.encode({ classifyLog: { request: ClassificationRequest.decode(bytes) } })),
];

export const tfRecords: readonly Uint8Array[] = [encodeTfRecords(predictionLogs), encodeTfRecords([new Uint8Array()])];

export const requestLists: readonly Uint8Array[] = jsonBodies.flatMap((body) => [
  concatBytes(encodeUtf8('[{"predict":'), body, encodeUtf8("}]")),
  concatBytes(encodeUtf8('{"classify":'), body, encodeUtf8('}\n{"regress":{}}')),
]);
