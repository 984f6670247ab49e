import { bool, type FlagTable, type FlagValues, int32, string } from "./flag.ts";

/** Flags that TensorFlow Serving does not have. Their names have hyphens; the limits' flags stand in `limit-flags.ts`. */
export const ownFlags = {
  config: string("", "honoured", "YAML configuration of a sealed node; no other flag but --json goes with it"),
  json: bool(false, "honoured", "print events as JSON lines on standard output"),
  help: bool(false, "honoured", "print the flags and end"),
  "bind-address": string("0.0.0.0", "honoured", "address of all ports"),
  "admin-port": int32(0, "honoured", "a port of its own for health and metrics, read-only; 0 turns it off"),
  "allow-insecure-plaintext": bool(
    false,
    "honoured",
    "serve without TLS: everyone on the way can read and change requests and answers",
  ),
  "tls-min-version": string("1.3", "honoured", "1.2 lets old clients in"),
  engine: string(
    "onnxruntime",
    "honoured",
    "what runs the models: onnxruntime; tensorflow: TensorFlow's C library; or upstream: a TensorFlow Serving beside it",
  ),
  "upstream-program": string(
    "",
    "honoured",
    "absolute path of the tensorflow_model_server that --engine=upstream starts for each version",
  ),
  libtensorflow: string(
    "",
    "honoured",
    "absolute path of the library that --engine=tensorflow loads: libtensorflow.so, or libtensorflow_cc.so.2 of a Python wheel",
  ),
  "private-directory": string(
    "",
    "honoured",
    "folder on a tmpfs where the programs of these engines find their files; empty: /dev/shm",
  ),
  batching: string("", "honoured", "auto: batches tune themselves by what they measure"),
  "batching-latency-budget-ms": int32(
    100,
    "honoured",
    "what --batching=auto lets a request's wait and run take together",
  ),
  "allow-model-reload": bool(true, "honoured", "answer HandleReloadConfigRequest, by which callers change the models"),
  "enable-reflection": bool(false, "honoured", "answer gRPC server reflection"),
  "trace-endpoint": string("", "honoured", "send OpenTelemetry traces to this https URL (OTLP/HTTP, JSON)"),
  "trace-ca-file": string(
    "",
    "honoured",
    "PEM authorities of that URL's certificate, and no others; empty: those that Node.js brings along",
  ),
} as const satisfies FlagTable;

export type OwnFlagValues = FlagValues<typeof ownFlags>;
