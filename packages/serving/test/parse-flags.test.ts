import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlags } from "../src/options/parse-flags.ts";
import { tensorflowFlags } from "../src/options/tensorflow-flags.ts";

function refused(args: readonly string[], message: RegExp): void {
  assert.throws(() => parseFlags(args), { name: "NodeError", code: "bad-flag", message });
}

test("without arguments every flag has TensorFlow Serving's default", () => {
  const { tensorflow, given, unknown } = parseFlags([]);
  assert.equal(tensorflow.port, 8500);
  assert.equal(tensorflow.model_name, "default");
  assert.equal(tensorflow.load_retry_interval_micros, 60_000_000n);
  assert.deepEqual([tensorflow.enable_model_warmup, tensorflow.enable_batching], [true, false]);
  assert.deepEqual([[...given], unknown], [[], []]);
});

test("TensorFlow's syntax: a value behind =, booleans with or without one, the last of a repeated flag", () => {
  const { tensorflow } = parseFlags([
    "--port=1",
    "--port=+2",
    "--enable_batching",
    "--enable_model_warmup=false",
    "--model_base_path=/models/a=b",
    "--file_system_poll_wait_seconds=-1",
    "--per_process_gpu_memory_fraction=.5",
    "--monitoring_config_file=",
  ]);
  assert.equal(tensorflow.port, 2);
  assert.deepEqual([tensorflow.enable_batching, tensorflow.enable_model_warmup], [true, false]);
  assert.equal(tensorflow.model_base_path, "/models/a=b");
  assert.equal(tensorflow.file_system_poll_wait_seconds, -1);
  assert.equal(tensorflow.per_process_gpu_memory_fraction, 0.5);
});

test("every flag of the table is taken by its own name", () => {
  const samples = { int32: "7", int64: "7", float: "7", bool: "true", string: "7" };
  for (const [name, { type }] of Object.entries(tensorflowFlags)) {
    const { given, unknown } = parseFlags([`--${name}=${samples[type]}`]);
    assert.deepEqual([[...given], unknown], [[name], []]);
  }
});

test("values of another type are refused", () => {
  refused(["--port=abc"], /--port/);
  refused(["--port="], /--port/);
  refused(["--port=1.0"], /--port/);
  refused(["--port= 1"], /--port/);
  refused(["--port=0x10"], /--port/);
  refused(["--port=2147483648"], /--port/);
  refused(["--load_retry_interval_micros=9223372036854775808"], /--load_retry_interval_micros/);
  refused(["--enable_batching=1"], /--enable_batching/);
  refused(["--enable_batching=True"], /--enable_batching/);
  refused(["--enable_batching="], /--enable_batching/);
  refused(["--per_process_gpu_memory_fraction=nan"], /fraction/);
});

test("a flag without its value is refused: TensorFlow Serving would go on with the default", () => {
  refused(["--port", "8500"], /--port needs a value/);
  refused(["--ssl_config_file", "ssl.cfg"], /--ssl_config_file needs a value/);
});

test("our own flags take their value behind = or in the next argument, and only once", () => {
  const { own, limits } = parseFlags(["--config", "a.yaml", "--bind-address=::1", "--max-connections", "5", "--json"]);
  assert.deepEqual([own.config, own["bind-address"], own.json], ["a.yaml", "::1", true]);
  assert.deepEqual([...limits], [["max-connections", 5n]]);
  refused(["--json", "--json"], /--json is given twice/);
  refused(["--allow-insecure-plaintext=false", "--allow-insecure-plaintext"], /given twice/);
  refused(["--config"], /--config needs a value/);
});

test("unknown arguments are given back in order and change nothing", () => {
  const { unknown, tensorflow } = parseFlags(["--x=1", "--port=9", "y", "-z", "--", "--enable_prefork", "__proto__"]);
  assert.deepEqual(unknown, ["--x=1", "y", "-z", "--", "--enable_prefork", "__proto__"]);
  assert.equal(tensorflow.port, 9);
  assert.deepEqual(parseFlags(["--constructor", "--toString=1"]).unknown, ["--constructor", "--toString=1"]);
});

test("what comes close to a flag of ours, or to the one for TLS, is refused", () => {
  refused(["--allow_insecure_plaintext"], /close to --allow-insecure-plaintext/);
  refused(["--allow-insecure-plaintex"], /close to --allow-insecure-plaintext/);
  refused(["-allow-insecure-plaintext"], /close to --allow-insecure-plaintext/);
  refused(["--tls_min_version=1.3"], /close to --tls-min-version/);
  refused(["--tls-min-versoin=1.3"], /close to --tls-min-version/);
  refused(["--max-conections=1"], /close to --max-connections/);
  refused(["--ssl_config_fil=x"], /close to --ssl_config_file/);
  refused(["--confi=x"], /close to --config/);
  assert.deepEqual(parseFlags(["--jxxn"]).unknown, ["--jxxn"], "two slips in a short name are another word");
  refused(["--port=-2147483649"], /value of --port cannot be used/);
});

test("TensorFlow's flags with hyphens or in another case are refused, not passed over", () => {
  refused(["--model-base-path=/m"], /close to --model_base_path/);
  refused(["--Model_Base_Path=/m"], /close to --model_base_path/);
  refused(["--rest-api-port=1"], /close to --rest_api_port/);
});
