import { readFile } from "node:fs/promises";
import { type BrokerConfig, parseBrokerConfig, type RunningBroker, startBroker } from "@sealserve/broker";
import type { Command } from "commander";
import { printJson, tell } from "../output/terminal.ts";
import { RA_CONFIG_HELP, type RaConfigFlags, raConfigOptions, readRaConfigFlags } from "../service/ra-config-flags.ts";
import { abortOnSignal, closeOnAbort } from "../service/until-signal.ts";

interface BrokerOptions extends RaConfigFlags {
  readonly config?: string;
  readonly json?: true;
}

const RELOAD_HELP =
  "SIGHUP has the configuration read again: models, policies, leases and secrets take effect at once.";

/** `sealserve broker`: the owner's key broker. */
export function addBrokerCommand(program: Command): void {
  const command = program
    .command("broker")
    .summary("run the owner's key broker")
    .description("Checks the attestation of serving nodes and releases model keys by the policy in the configuration.")
    .option("--config <file>", "YAML configuration")
    .option("--json", "print events as JSON lines on standard output");
  for (const option of raConfigOptions()) {
    command.addOption(option);
  }
  command
    .addHelpText("after", `\nExample:\n  sealserve broker --config broker.yaml\n\n${RELOAD_HELP}\n${RA_CONFIG_HELP}`)
    .action(runBroker);
}

async function runBroker(options: BrokerOptions): Promise<void> {
  let broker: RunningBroker | undefined;
  const signal = abortOnSignal(() => void broker?.reload(() => readConfig(options)));
  const config = await readConfig(options);
  broker = await startBroker(config, {
    log: (record) => (options.json ? printJson({ event: "log", ...record }) : tell(JSON.stringify(record))),
  });
  if (options.json) {
    printJson({ event: "ready", url: broker.url, provisioning: broker.provisioningAddress });
  } else {
    tell(readyLine(config, broker));
  }
  await closeOnAbort(broker, signal);
}

async function readConfig(options: BrokerOptions): Promise<BrokerConfig> {
  return options.config === undefined
    ? readRaConfigFlags(options)
    : parseBrokerConfig(await readFile(options.config, "utf8"), options.config);
}

function readyLine({ models }: BrokerConfig, { url, provisioningAddress }: RunningBroker): string {
  const ports = [
    ...(url === undefined ? [] : [`at ${url}; models: ${models.map(({ name }) => name).join(", ")}`]),
    ...(provisioningAddress === undefined ? [] : [`for Gramine's clients at ${provisioningAddress}`]),
  ];
  return `broker ready ${ports.join("; ")}`;
}
