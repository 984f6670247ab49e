import assert from "node:assert/strict";
import { test } from "node:test";
import { optionsOfFlags } from "../src/options/options-of-flags.ts";
import { parseFlags } from "../src/options/parse-flags.ts";
import { defaultLimits } from "../src/transport/limits.ts";

const MODEL = "--model_base_path=/models/m";

function options(...args: string[]): ReturnType<typeof optionsOfFlags> {
  return optionsOfFlags(parseFlags([MODEL, ...args]));
}

function refused(args: readonly string[], message: string | RegExp, code = "bad-option"): void {
  assert.throws(() => optionsOfFlags(parseFlags(args)), { name: "NodeError", code, message });
}

test("the defaults are TensorFlow Serving's, with TLS 1.3 in place of plaintext", () => {
  assert.deepEqual(options(), {
    listen: { grpc: { host: "0.0.0.0", port: 8500 }, grpcSocket: undefined, rest: undefined, admin: undefined },
    models: { kind: "directory", name: "default", basePath: "/models/m" },
    tls: { sslConfigFile: undefined, minimumVersion: "TLSv1.3", allowInsecurePlaintext: false },
    loading: {
      tags: ["serve"],
      maxRetries: 5,
      retryIntervalMs: 60_000,
      threads: 0,
      warmUpIterations: 1,
      allowLabelsForUnavailable: false,
      allowReload: true,
    },
    polling: { fileSystemSeconds: 1, modelConfigSeconds: 0 },
    batching: { kind: "off" },
    api: { checkSignatureMethodName: false, outputsAsTensorContent: false },
    rest: { cors: false },
    grpc: { healthService: false, reflection: false, maxConnectionAgeMs: undefined },
    engine: { threads: undefined },
    limits: defaultLimits,
  });
});

test("flags become options in one unit each", () => {
  const given = options(
    "--bind-address=127.0.0.1",
    "--rest_api_port=8501",
    "--admin-port=8502",
    "--rest_api_timeout_in_ms=250",
    "--saved_model_tags=serve,gpu",
    "--load_retry_interval_micros=1500",
    "--num_request_iterations_for_warmup=3",
    "--enable_batching",
    "--batching_parameters_file=b.txt",
    "--tensorflow_intra_op_parallelism=3",
    "--grpc_channel_arguments=grpc.http2.max_frame_size=1,grpc.max_connection_age_ms=5000",
    "--drain-timeout-seconds=1.5",
    "--max-message-bytes=4096",
  );
  assert.deepEqual(given.listen.rest, { host: "127.0.0.1", port: 8501 });
  assert.deepEqual(given.listen.admin, { host: "127.0.0.1", port: 8502 });
  assert.deepEqual(given.loading.tags, ["serve", "gpu"]);
  assert.deepEqual([given.loading.retryIntervalMs, given.loading.warmUpIterations], [1.5, 3]);
  assert.deepEqual(given.batching, { kind: "parameters", file: "b.txt", perModel: false });
  assert.deepEqual([given.engine.threads, given.grpc.maxConnectionAgeMs], [3, 5000]);
  const { restRunTimeoutMs, drainTimeoutMs, maxMessageBytes } = given.limits;
  assert.deepEqual([restRunTimeoutMs, drainTimeoutMs, maxMessageBytes], [250, 1500, 4096]);
});

test("a config file hides name and base path; no warm-up and no reload when they are off", () => {
  const given = options("--model_config_file=m.txt", "--enable_model_warmup=false", "--allow-model-reload=false");
  assert.deepEqual(given.models, { kind: "config-file", file: "m.txt" });
  assert.deepEqual([given.loading.warmUpIterations, given.loading.allowReload], [0, false]);
});

test("REST on the gRPC port is left out", () => {
  assert.equal(options("--port=8500", "--rest_api_port=8500").listen.rest, undefined);
});

test("a Unix socket takes the place of the gRPC port", () => {
  const { listen } = options("--port=0", "--grpc_socket_path=/run/m.sock");
  assert.deepEqual([listen.grpc, listen.grpcSocket], [undefined, "/run/m.sock"]);
});

test("what cannot be started is refused in TensorFlow Serving's words", () => {
  refused([], "Both server_options.model_base_path and server_options.model_config_file are empty!");
  refused(
    [MODEL, "--port=0"],
    "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
  );
  refused(
    [MODEL, "--batching_parameters_file=b.txt"],
    "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
  );
  refused(
    [
      MODEL,
      "--tensorflow_session_parallelism=1",
      "--tensorflow_intra_op_parallelism=1",
      "--tensorflow_inter_op_parallelism=1",
    ],
    /^Either configure server_options.tensorflow_session_parallelism or .* You cannot configure all\.$/,
  );
});

test("what would be unsafe is refused by name, and taken at its default", () => {
  refused([MODEL, "--use_alts_credentials"], /--use_alts_credentials is refused: ALTS/, "refused-option");
  refused([MODEL, "--platform_config_file=p"], /--platform_config_file is refused: /, "refused-option");
  assert.ok(options("--use_alts_credentials=false", "--platform_config_file="));
});

test("values out of their bounds are refused", () => {
  refused([MODEL, "--port=65536"], "--port is no port");
  refused([MODEL, "--rest_api_port=-1"], "--rest_api_port is no port");
  refused([MODEL, "--tls-min-version=1.1"], "--tls-min-version cannot be used");
  refused([MODEL, "--batching=on"], "--batching cannot be used");
  refused([MODEL, "--batching=auto", "--enable_batching"], /does not go with/);
  refused([MODEL, "--grpc_channel_arguments=grpc.max_connection_age_ms=x"], /cannot be used/);
  refused([MODEL, "--max-connections=0"], "the limit maxConnections cannot be used");
  refused([MODEL, "--drain-timeout-seconds=-1"], "the limit drainTimeoutMs cannot be used");
  refused([MODEL, "--rest_api_timeout_in_ms=0"], "the limit restRunTimeoutMs cannot be used");
  refused([MODEL, "--max-message-bytes=9223372036854775807"], "the limit maxMessageBytes cannot be used");
});

test("plaintext beside TLS material is refused", () => {
  refused([MODEL, "--ssl_config_file=s", "--allow-insecure-plaintext"], /does not go with --ssl_config_file/);
});
