import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelServerConfig } from "@sealserve/protocol";
import { parseTextConfig } from "../../src/config/text-config.ts";
import { type ConfiguredModel, readModelConfigs } from "../../src/life/model-config.ts";
import { refusal } from "../support/refusal.ts";

function read(text: string): ConfiguredModel[] {
  return readModelConfigs(parseTextConfig(ModelServerConfig, text, "models.config"));
}

const list = (...configs: string[]): string =>
  `model_config_list { ${configs.map((config) => `config { ${config} }`).join(" ")} }`;
const model = (more = "", name = "m"): string => `name: "${name}" base_path: "/m" model_platform: "tensorflow" ${more}`;

test("reads the file of the documentation, with colons and commas or without", () => {
  const [first, second] = read(`
    model_config_list: {
      config: {
        name: "m", base_path: '/models/m'; model_platform: "tensorflow"
        model_version_policy { specific { versions: 42 versions: 43 } } # two
        version_labels { key: "stable" value: 42 }
        version_labels { key: "canary" value: 43 }
      },
      config { name: "old" base_path: "/old" model_type: TENSORFLOW }
    }`);
  assert.deepEqual(first, {
    name: "m",
    platform: "tensorflow",
    basePath: "/models/m",
    policy: { kind: "specific", versions: [42n, 43n] },
    labels: new Map(Object.entries({ stable: 42n, canary: 43n })),
  });
  assert.deepEqual(second, {
    name: "old",
    platform: "tensorflow",
    basePath: "/old",
    policy: { kind: "latest", count: 1 },
    labels: new Map(),
  });
  assert.deepEqual(read("model_config_list {}"), []);
});

test("reads every version policy", () => {
  const policy = (text: string) => read(list(model(`model_version_policy { ${text} }`)))[0]?.policy;
  assert.deepEqual(policy("latest { num_versions: 3 }"), { kind: "latest", count: 3 });
  assert.deepEqual(policy("latest {}"), { kind: "latest", count: 1 });
  assert.deepEqual(policy(""), { kind: "latest", count: 1 });
  assert.deepEqual(policy("all: {}"), { kind: "all" });
  assert.deepEqual(policy("specific { versions: [7, 8] }"), { kind: "specific", versions: [7n, 8n] });
  assert.deepEqual(policy("specific {}"), { kind: "specific", versions: [] });
});

test("a text that is no configuration is refused with its file and line", () => {
  const refused = (text: string, message: RegExp): void =>
    assert.throws(() => read(text), refusal("INVALID_ARGUMENT", message));
  const start = "Error parsing text-format tensorflow\\.serving\\.ModelServerConfig: models\\.config: line";
  refused("improperly formatted file", new RegExp(`^${start} 1: expected a colon`));
  refused("model_config_list {\n config { nam: 'm' } }", new RegExp(`^${start} 2: .*has no field of this name`));
  refused(list(model("name: 'again'")), new RegExp(`^${start} 1: name is given again`));
  refused(list(model("model_version_policy { all {} latest {} }")), new RegExp(`^${start} 1: another member of oneof`));
  refused(list(model("version_labels { key: 'a' value: x }")), new RegExp(`^${start} 1: expected a whole number`));
});

test("models that cannot be served are refused with TensorFlow Serving's messages", () => {
  const refused = (text: string, message: string, code: "INVALID_ARGUMENT" | "UNIMPLEMENTED" = "INVALID_ARGUMENT") =>
    assert.throws(() => read(text), refusal(code, message));
  const unsupported =
    "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported";
  refused("", unsupported);
  refused("custom_model_config { type_url: 'x' }", unsupported);
  refused(list(model(), model()), "Illegal to list model m multiple times in config list");
  refused(list(model("", "")), "Illegal to list a model without a name in config list");
  refused(
    list("name: 'a' base_path: '/m/a'"),
    "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform, " +
      "model name is a",
  );
  refused(
    list(model("model_type: TENSORFLOW")),
    "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform.",
  );
  refused(
    list("name: 'a' base_path: '/m/a' model_type: OTHER"),
    "ModelServerConfig::model_type choice 2 not supported.",
  );
  refused(
    list("name: 'a' base_path: 'm/a' model_platform: 'tensorflow'"),
    "Expected model a to have an absolute path or URI; got base_path()=m/a",
  );
  refused(
    list("name: 'a' base_path: 'gs://m/a' model_platform: 'tensorflow'"),
    "File system scheme 'gs' not implemented (file: 'gs://m/a')",
    "UNIMPLEMENTED",
  );
  refused(
    list(model("logging_config { sampling_config { sampling_rate: 1 } }")),
    "No request-logger-creator provided.",
  );
});
