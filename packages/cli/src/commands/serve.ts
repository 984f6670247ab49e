import { readFile } from "node:fs/promises";
import { parseServeConfig, startNode } from "@sealserve/serving";
import type { Command } from "commander";
import { paint, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal, closeOnAbort } from "../service/until-signal.ts";

interface ServeOptions {
  readonly config: string;
  readonly json?: true;
}

/** `sealserve serve`: the serving node, inside the TEE. */
export function addServeCommand(program: Command): void {
  program
    .command("serve")
    .summary("run a serving node: attest, receive the key, decrypt in memory, serve")
    .description("Answers TensorFlow Serving's Predict API by gRPC and REST over TLS once its key has been released.")
    .requiredOption("--config <file>", "YAML configuration")
    .option("--json", "print events as JSON lines on standard output")
    .addHelpText("after", "\nExample:\n  sealserve serve --config serve.yaml")
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const signal = abortOnSignal();
  const config = parseServeConfig(await readFile(options.config, "utf8"), options.config);
  const node = await startNode(config, {
    signal,
    onStep: (step) => {
      if (options.json) {
        printJson({ event: "step", ...step });
      } else {
        tell(`${paint("green", "✓")} ${step.name} ${paint("dim", `${step.ms} ms  ${step.detail}`)}`);
      }
    },
  });
  if (options.json) {
    printJson({
      event: "ready",
      grpc: node.grpcAddress,
      rest: node.restAddress,
      model: node.model,
      simulated: node.simulated,
    });
  } else {
    tell(`serving ${node.model}: gRPC ${node.grpcAddress}, REST https://${node.restAddress}`);
    if (node.simulated) {
      tell(paint("yellow", "simulated platform: nothing here is protected"));
    }
  }
  await closeOnAbort(node, signal);
}
