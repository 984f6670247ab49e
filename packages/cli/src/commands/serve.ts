import {
  flagHelp,
  NodeError,
  type ParsedFlags,
  parseFlags,
  type RunningNode,
  readOptions,
  type ServerOptions,
  startNode,
} from "@sealserve/serving";
import type { Command } from "commander";
import { paint, printJson, printResult, surviveLostOutput, tell } from "../output/terminal.ts";
import { Hangups } from "../service/hangups.ts";
import { logTo, type StepOutput, stepsTo } from "../service/node-output.ts";
import { applyProcessSettings, SERVER_SETTINGS } from "../service/process-settings.ts";
import { StartFailure } from "../service/start-failure.ts";
import { abortOnSignal, closeOnAbort, Interrupted } from "../service/until-signal.ts";
import { VERSION } from "../version.ts";

const USAGE = `Usage: sealserve serve --config FILE [--json]
       sealserve serve [flags of tensorflow_model_server]

The first serves a sealed package by a YAML configuration, inside the TEE: attest, receive the key, decrypt in memory, serve.
The second serves models in plain folders, with the command line of TensorFlow Serving.`;

const EXAMPLES = `Examples:
  sealserve serve --config serve.yaml
  sealserve serve --model_name=m --model_base_path=/models/m --rest_api_port=8501 --ssl_config_file=ssl.cfg`;

/** `sealserve serve`: the serving node. Its arguments are TensorFlow Serving's, which are read as TensorFlow reads them. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("run a serving node: attest, receive the key, decrypt in memory, serve")
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => await serve(command.args));
}

async function serve(args: readonly string[]): Promise<void> {
  const flags = readFlags(args);
  if (flags.own.help) {
    printResult(helpText());
  } else if (flags.tensorflow.version) {
    printResult(`TensorFlow ModelServer: sealserve ${VERSION}`);
    printResult("TensorFlow Library: none, models run in ONNX Runtime");
  } else {
    applyProcessSettings(SERVER_SETTINGS);
    await runServer(flags);
  }
}

function readFlags(args: readonly string[]): ParsedFlags {
  try {
    return parseFlags(args);
  } catch (error) {
    if (error instanceof NodeError) {
      tell(`${helpText()}\n`);
    }
    throw error;
  }
}

function helpText(): string {
  return [USAGE, flagHelp(), EXAMPLES].join("\n\n");
}

async function runServer(flags: ParsedFlags): Promise<void> {
  surviveLostOutput();
  const output: StepOutput = flags.own.json ? "json" : "text";
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  const { options, running: node } = await start(flags, output, signal);
  hangups.heed(() => void node.reread());
  announce(options, node, output);
  await closeOnAbort(node, signal);
}

/** With the flags of TensorFlow Serving a failure is told in its words. */
async function start(
  flags: ParsedFlags,
  output: StepOutput,
  signal: AbortSignal,
): Promise<{ options: ServerOptions; running: RunningNode }> {
  try {
    const { options, warnings } = await readOptions(flags);
    for (const line of [...flags.unknown.map((argument) => `unknown argument: ${argument}`), ...warnings]) {
      tell(line);
    }
    const running = await startNode(options, { signal, onStep: stepsTo(output), log: logTo(output) });
    return { options, running };
  } catch (error) {
    throw flags.given.has("config") || error instanceof Interrupted ? error : new StartFailure(error);
  }
}

function announce({ tls }: ServerOptions, node: RunningNode, output: StepOutput): void {
  const { grpcAddress: grpc, restAddress: rest, adminAddress: admin, models, sealed } = node;
  if (output === "json") {
    printJson({ event: "ready", grpc, rest, admin, model: models[0], models, simulated: sealed?.simulated });
    return;
  }
  const scheme = tls.allowInsecurePlaintext ? "http" : "https";
  const places = [`gRPC ${grpc}`, rest && `REST ${scheme}://${rest}`, admin && `health ${scheme}://${admin}`];
  tell(`serving ${models.join(", ")}: ${places.filter(Boolean).join(", ")}`);
  if (sealed?.simulated) {
    tell(paint("yellow", "simulated platform: nothing here is protected"));
  }
}
