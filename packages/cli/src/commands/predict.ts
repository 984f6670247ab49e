import { readFile } from "node:fs/promises";
import { type AppraisalPolicy, parseCollateralFile, type TrustedRoot } from "@sealserve/attestation";
import { type AttestedNode, type AttestedPrediction, connectNode } from "@sealserve/client";
import { type CollateralSource, fileSource, pccsSource } from "@sealserve/collateral";
import { ModelSpec, type PredictRequest, signaturesOf } from "@sealserve/protocol";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../errors.ts";
import { loadPolicy, loadRoot } from "../evidence/reference-values.ts";
import { paint, printJson, printResult, tell } from "../output/terminal.ts";
import { inputsFromBody, type PreparedInputs, sampleInputs } from "../prediction/inputs.ts";
import { plainValues } from "../prediction/plain-value.ts";
import { abortOnSignal } from "../service/until-signal.ts";

type Way = "grpc" | "rest";

interface PredictOptions {
  readonly model: string;
  readonly grpcPort: number;
  readonly restPort: number;
  readonly via: Way | "both";
  readonly input?: string;
  readonly sample?: true;
  readonly signature?: string;
  readonly modelVersion?: bigint;
  readonly ca?: string;
  readonly raTls?: true;
  readonly serverName?: string;
  readonly policy: string;
  readonly pccs?: string;
  readonly collateral?: string;
  readonly root?: string;
  readonly manifest?: string;
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
    .requiredOption("--policy <file>", "what the evidence must say; must pin the software (YAML or JSON)")
    .addOption(new Option("--pccs <url>", "PCCS to fetch collateral from").conflicts("collateral"))
    .option("--collateral <file>", "collateral as JSON, instead of a PCCS")
    .option("--root <pem>", "trust this root certificate instead of Intel's; everything it proves is called simulated")
    .option("--manifest <hex>", "SHA-256 of the manifest of the only package that is accepted")
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
  if (options.ca === undefined && !options.raTls) {
    command.error("error: give --ca FILE, or --ra-tls with --manifest HEX");
  }
  const signal = abortOnSignal();
  const node = await connect(host, options, signal);
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
    report(prepared, answers, options);
  } finally {
    await node.close();
  }
}

async function connect(host: string, options: PredictOptions, signal: AbortSignal): Promise<AttestedNode> {
  const [caPem, policy, root, collateral] = await Promise.all<
    [Promise<string | undefined>, Promise<AppraisalPolicy>, Promise<TrustedRoot>, Promise<CollateralSource>]
  >([readAuthority(options), loadPolicy(options.policy), loadRoot(options.root), collateralSource(options)]);
  return await connectNode({
    host,
    grpcPort: options.grpcPort,
    restPort: options.restPort,
    caPem,
    raTls: options.raTls,
    serverName: options.serverName,
    evidence: { root, collateral, policy, model: options.model, manifestDigest: options.manifest },
    signal,
  });
}

async function readAuthority({ ca }: PredictOptions): Promise<string | undefined> {
  return ca === undefined ? undefined : await readFile(ca, "utf8");
}

async function collateralSource(options: PredictOptions): Promise<CollateralSource> {
  if (options.pccs !== undefined) {
    return pccsSource({ url: options.pccs });
  }
  if (options.collateral !== undefined) {
    return fileSource(parseCollateralFile(await readFile(options.collateral, "utf8")));
  }
  throw new CliError("usage", "no source of collateral was given", { remedy: "add --pccs URL or --collateral FILE" });
}

async function prepareInputs(
  options: PredictOptions,
  signatures: ReturnType<typeof signaturesOf>,
): Promise<PreparedInputs> {
  if (options.input === undefined) {
    return sampleInputs(signatures, options.signature);
  }
  const body = options.input.startsWith("@") ? await readFile(options.input.slice(1), "utf8") : options.input;
  return inputsFromBody(body, signatures, options.signature);
}

async function askEachWay(
  node: AttestedNode,
  request: PredictRequest,
  ways: readonly Way[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Way, AttestedPrediction>> {
  const answers = new Map<Way, AttestedPrediction>();
  for (const way of ways) {
    const answer = way === "grpc" ? node.predictGrpc(request, { signal }) : node.predictRest(request, { signal });
    answers.set(way, await answer);
  }
  return answers;
}

/** @throws CliError `answers-differ` when gRPC and REST do not say the same */
function report(
  prepared: PreparedInputs,
  answers: ReadonlyMap<Way, AttestedPrediction>,
  options: PredictOptions,
): void {
  const outputs = [...answers.values()].map((answer) => JSON.stringify(plainValues(answer.outputs)));
  if (new Set(outputs).size > 1) {
    throw new CliError("answers-differ", "gRPC and REST gave different answers", {
      expected: outputs[0],
      actual: outputs[1],
    });
  }
  const [answer] = answers.values();
  if (answer === undefined) {
    return;
  }
  const { appraisal, manifestDigest } = answer.node;
  if (options.json) {
    printJson({
      model: { name: answer.modelSpec.name, version: answer.modelSpec.version },
      via: [...answers.keys()],
      inputs: plainValues(prepared.inputs),
      outputs: plainValues(answer.outputs),
      node: { simulated: appraisal.simulated, manifestDigest, claims: appraisal.claims },
    });
    return;
  }
  const seal = appraisal.simulated
    ? paint("yellow", "simulated, proves nothing about hardware")
    : paint("green", "genuine");
  tell(`node verified (${seal}), asked by ${[...answers.keys()].join(" and ")}`);
  printResult(JSON.stringify({ outputs: plainValues(answer.outputs) }));
}
