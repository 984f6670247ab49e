import { ModelSpec, type PredictRequest, signaturesOf } from "@sealserve/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import { PCCS_CA } from "../evidence/pccs-option.ts";
import { connectTarget, type TargetNode, type TargetOptions, type TargetPrediction } from "../prediction/connect.ts";
import { readInputBody } from "../prediction/input-body.ts";
import { inputsFromBody, type PreparedInputs, sampleInputs } from "../prediction/inputs.ts";
import { reportAnswers, type Way } from "../prediction/report.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface PredictOptions extends TargetOptions {
  readonly via: Way | "both";
  readonly input?: string;
  readonly sample?: true;
  readonly signature?: string;
  readonly modelVersion?: bigint;
  readonly json?: true;
}

const EXAMPLE = `
Example:
  sealserve predict localhost --model half_plus_two --input '{"instances": [1.0, 2.0, 5.0]}' \\
    --ca ca.crt --policy policy.yaml --pccs https://localhost:8081`;

/** `sealserve predict`: verifies a node, then sends data to it. */
export function addPredictCommand(program: Command): void {
  program
    .command("predict")
    .argument("<host>", "host name of the serving node")
    .summary("verify a serving node, then ask it for a prediction")
    .description(
      "Checks the node's certificate and its evidence on the connection it is about to use, and sends the input only when the policy accepts both.",
    )
    .requiredOption("--model <name>", "model to ask")
    .option("--ca <file>", "CA certificate that the node's certificate must come from (PEM)")
    .addOption(
      new Option("--ra-tls", "the node's certificate is its own, made in the TEE; needs --manifest").conflicts("ca"),
    )
    .option("--policy <file>", "what the evidence must say; must pin the software (YAML or JSON)")
    .addOption(new Option("--pccs <url>", "PCCS to fetch collateral from").conflicts("collateral"))
    .option(...PCCS_CA)
    .option("--collateral <file>", "collateral as JSON, instead of a PCCS")
    .option("--root <pem>", "trust this root certificate instead of Intel's; everything it proves is called simulated")
    .option("--manifest <hex>", "SHA-256 of the manifest of the only package that is accepted")
    .addOption(
      new Option(
        "--insecure-without-evidence",
        "ask a server that proves nothing: whoever runs it can read and change everything",
      ).conflicts(["policy", "pccs", "collateral", "root", "manifest", "raTls"]),
    )
    .addOption(
      new Option("--input <json>", "TensorFlow Serving's predict body; @FILE reads a file").conflicts("sample"),
    )
    .option("--sample", "make up an input of the right type and shape")
    .option("--signature <name>", "signature of the model; its default one if not given")
    .option("--model-version <n>", "version of the model; the newest if not given", parseModelVersion)
    .option("--server-name <name>", "name in the node's certificate, if it is not the host")
    .option("--grpc-port <port>", "gRPC port", parsePort, 8500)
    .option("--rest-port <port>", "REST port", parsePort, 8501)
    .addOption(new Option("--via <way>", "how to ask").choices(["grpc", "rest", "both"]).default("grpc"))
    .option("--json", "print one JSON document with the appraisal on standard output")
    .addHelpText("after", EXAMPLE)
    .action(predict);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new InvalidArgumentError("expected a port from 1 to 65535.");
  }
  return port;
}

function parseModelVersion(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) {
    throw new InvalidArgumentError("expected a whole number.");
  }
  return BigInt(text);
}

async function predict(host: string, options: PredictOptions, command: Command): Promise<void> {
  if (options.input === undefined && !options.sample) {
    command.error("error: give --input JSON, --input @FILE or --sample");
  }
  const signal = abortOnSignal();
  const node = await connectTarget(host, options, signal);
  try {
    const version = options.modelVersion;
    const metadata = await node.metadata(ModelSpec.create({ name: options.model, version }), { signal });
    const prepared = await prepareInputs(options, signaturesOf(metadata));
    const request: PredictRequest = {
      modelSpec: ModelSpec.create({ name: options.model, version, signatureName: prepared.signatureName }),
      inputs: prepared.inputs,
      outputFilter: [],
    };
    const answers = await askEachWay(node, request, options.via === "both" ? ["grpc", "rest"] : [options.via], signal);
    reportAnswers(prepared, answers, options.json ? "json" : "text");
  } finally {
    await node.close();
  }
}

async function prepareInputs(
  options: PredictOptions,
  signatures: ReturnType<typeof signaturesOf>,
): Promise<PreparedInputs> {
  if (options.input === undefined) {
    return sampleInputs(signatures, options.signature);
  }
  return inputsFromBody(await readInputBody(options.input), signatures, options.signature);
}

async function askEachWay(
  node: TargetNode,
  request: PredictRequest,
  ways: readonly Way[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Way, TargetPrediction>> {
  const answers = new Map<Way, TargetPrediction>();
  for (const way of ways) {
    const answer = way === "grpc" ? node.predictGrpc(request, { signal }) : node.predictRest(request, { signal });
    answers.set(way, await answer);
  }
  return answers;
}
