import { readFile } from "node:fs/promises";
import { parseBrokerConfig, startBroker } from "@sealserve/broker";
import type { Command } from "commander";
import { printJson, tell } from "../output/terminal.ts";
import { abortOnSignal, closeOnAbort } from "../service/until-signal.ts";

interface BrokerOptions {
  readonly config: string;
  readonly json?: true;
}

/** `sealserve broker`: the owner's key broker. */
export function addBrokerCommand(program: Command): void {
  program
    .command("broker")
    .summary("run the owner's key broker")
    .description("Checks the attestation of serving nodes and releases model keys by the policy in the configuration.")
    .requiredOption("--config <file>", "YAML configuration")
    .option("--json", "print events as JSON lines on standard output")
    .addHelpText("after", "\nExample:\n  sealserve broker --config broker.yaml")
    .action(runBroker);
}

async function runBroker(options: BrokerOptions): Promise<void> {
  const signal = abortOnSignal();
  const config = parseBrokerConfig(await readFile(options.config, "utf8"), options.config);
  const broker = await startBroker(config, {
    log: (record) => (options.json ? printJson({ event: "log", ...record }) : tell(JSON.stringify(record))),
  });
  if (options.json) {
    printJson({ event: "ready", url: broker.url, provisioning: broker.provisioningAddress });
  } else {
    tell(`broker ready at ${broker.url}; models: ${config.models.map((model) => model.name).join(", ")}`);
  }
  await closeOnAbort(broker, signal);
}
