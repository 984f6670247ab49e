import assert from "node:assert/strict";
import { test } from "node:test";
import { NodeError } from "../src/errors.ts";
import { optionsOfFlags } from "../src/options/options-of-flags.ts";
import { parseFlags } from "../src/options/parse-flags.ts";
import { readOptions } from "../src/options/read-options.ts";
import type { ServerOptions } from "../src/options/server-options.ts";
import { defaultLimits } from "../src/transport/limits.ts";

const MODEL = "--model_base_path=/models/m";

async function options(...args: string[]): Promise<ServerOptions> {
  return await optionsOfFlags(parseFlags([MODEL, ...args]));
}

async function refused(args: readonly string[], message: string | RegExp, code = "bad-option"): Promise<void> {
  await assert.rejects(optionsOfFlags(parseFlags(args)), { code, message });
}

test("the defaults are TensorFlow Serving's, with TLS 1.3 in place of plaintext", async () => {
  assert.deepEqual(await options(), {
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
    monitoring: { prometheusPath: undefined, traceEndpoint: undefined, traceCaFile: undefined },
    api: { checkSignatureMethodName: false, outputsAsTensorContent: false },
    rest: { cors: false },
    grpc: { healthService: false, reflection: false, maxConnectionAgeMs: undefined },
    engine: { threads: undefined, runner: { kind: "onnxruntime" } },
    limits: defaultLimits,
  });
});

test("flags become options in one unit each", async () => {
  const given = await options(
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

test("a config file hides name and base path; no warm-up and no reload when they are off", async () => {
  const given = await options("--model_config_file=m.txt", "--enable_model_warmup=false", "--allow-model-reload=false");
  assert.deepEqual(given.models, { kind: "config-file", file: "m.txt" });
  assert.deepEqual([given.loading.warmUpIterations, given.loading.allowReload], [0, false]);
});

test("REST on the gRPC port is left out", async () => {
  assert.equal((await options("--port=8500", "--rest_api_port=8500")).listen.rest, undefined);
});

test("a Unix socket takes the place of the gRPC port", async () => {
  const { listen } = await options("--port=0", "--grpc_socket_path=/run/m.sock");
  assert.deepEqual([listen.grpc, listen.grpcSocket], [undefined, "/run/m.sock"]);
});

test("what cannot be started is refused in TensorFlow Serving's words", async () => {
  await refused(
    [],
    "Both server_options.model_base_path and server_options.model_config_file are empty!",
    "INVALID_ARGUMENT",
  );
  await refused(
    [MODEL, "--port=0"],
    "At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.",
    "INVALID_ARGUMENT",
  );
  await refused(
    [MODEL, "--batching_parameters_file=b.txt"],
    "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    "INVALID_ARGUMENT",
  );
  await refused(
    [
      MODEL,
      "--tensorflow_session_parallelism=1",
      "--tensorflow_intra_op_parallelism=1",
      "--tensorflow_inter_op_parallelism=1",
    ],
    /^Either configure server_options.tensorflow_session_parallelism or .* You cannot configure all\.$/,
    "INVALID_ARGUMENT",
  );
});

test("what would be unsafe is refused by name, and taken at its default", async () => {
  await refused([MODEL, "--use_alts_credentials"], /--use_alts_credentials is refused: ALTS/, "refused-option");
  await refused([MODEL, "--platform_config_file=p"], /--platform_config_file is refused: /, "refused-option");
  assert.ok(await options("--use_alts_credentials=false", "--platform_config_file="));
});

test("values out of their bounds are refused", async () => {
  await refused([MODEL, "--port=65536"], "--port is no port");
  await refused([MODEL, "--rest_api_port=-1"], "--rest_api_port is no port");
  await refused([MODEL, "--tls-min-version=1.1"], "--tls-min-version cannot be used");
  await refused([MODEL, "--batching=on"], "--batching cannot be used");
  await refused([MODEL, "--batching=auto", "--enable_batching"], /does not go with/);
  await refused([MODEL, "--batching=auto", "--batching-latency-budget-ms=0"], /cannot be used/);
  await refused([MODEL, "--trace-ca-file=ca.pem"], "--trace-ca-file goes with --trace-endpoint only");
  await refused([MODEL, "--trace-endpoint=http://collector:4318/v1/traces"], "--trace-endpoint cannot be used");
  await refused([MODEL, "--grpc_channel_arguments=grpc.max_connection_age_ms=x"], /cannot be used/);
  await refused([MODEL, "--max-connections=0"], "the limit maxConnections cannot be used");
  await refused([MODEL, "--max-header-bytes=1048577"], "the limit maxHeaderBytes cannot be used");
  await refused([MODEL, "--drain-timeout-seconds=-1"], "the limit drainTimeoutMs cannot be used");
  await refused([MODEL, "--rest_api_timeout_in_ms=0"], "the limit restRunTimeoutMs cannot be used");
  await refused([MODEL, "--max-message-bytes=9223372036854775807"], "the limit maxMessageBytes cannot be used");
});

test("plaintext beside TLS material is refused", async () => {
  await refused([MODEL, "--ssl_config_file=s", "--allow-insecure-plaintext"], /does not go with --ssl_config_file/);
});

test("pauses that no timer takes are as long as one takes, not none", async () => {
  const { polling, loading, grpc } = await options(
    "--file_system_poll_wait_seconds=2147483647",
    "--model_config_file_poll_wait_seconds=2147483647",
    "--load_retry_interval_micros=9223372036854775807",
    "--grpc_channel_arguments=grpc.max_connection_age_ms=9999999999",
  );
  const longest = 2 ** 31 - 1;
  assert.deepEqual(polling, { fileSystemSeconds: 2_147_483, modelConfigSeconds: 2_147_483 });
  assert.equal(loading.retryIntervalMs, longest);
  assert.equal(grpc.maxConnectionAgeMs, longest);
});

test("beside a configuration file every argument but --json is refused, known or not, before the file is read", async () => {
  for (const argument of ["--allow-insecure-plaintext", "--port=1", "more", "--nonsense"]) {
    await assert.rejects(readOptions(parseFlags(["--config=/nowhere.yaml", "--json", argument])), (error) => {
      assert.ok(error instanceof NodeError, String(error));
      assert.deepEqual([error.code, error.actual], ["bad-option", argument.split("=")[0]]);
      return true;
    });
  }
  await assert.rejects(readOptions(parseFlags(["--config=/nowhere.yaml", "--json"])), { code: "ENOENT" });
});
