import {
  type BrokerConfig,
  type BrokerLog,
  parseBrokerConfig,
  type RunningBroker,
  startBroker,
} from "@sealserve/broker";
import type { Command } from "commander";
import { readNamedText } from "../named-file.ts";
import { LineOutput } from "../output/line-output.ts";
import { printJson, surviveLostOutput, tell } from "../output/terminal.ts";
import { Hangups } from "../service/hangups.ts";
import type { StepOutput } from "../service/node-output.ts";
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
  surviveLostOutput();
  const hangups = new Hangups();
  const signal = abortOnSignal(hangups.hear);
  const config = await readConfig(options);
  const broker = await startBroker(config, { log: logTo(options.json ? "json" : "text") });
  hangups.heed(() => void broker.reload(() => readConfig(options)));
  if (options.json) {
    printJson({ event: "ready", url: broker.url, provisioning: broker.provisioningAddress });
  } else {
    tell(readyLine(config, broker));
  }
  await closeOnAbort(broker, signal);
}

/** Where no audit log is configured this is the record of what was released: a line that cannot be written is told. */
function logTo(output: StepOutput): BrokerLog {
  const lines = new LineOutput(output === "json" ? process.stdout : process.stderr);
  return async (record) => await lines.write(JSON.stringify(output === "json" ? { event: "log", ...record } : record));
}

async function readConfig(options: BrokerOptions): Promise<BrokerConfig> {
  return options.config === undefined
    ? readRaConfigFlags(options)
    : parseBrokerConfig(await readNamedText(options.config), options.config);
}

function readyLine({ models }: BrokerConfig, { url, provisioningAddress }: RunningBroker): string {
  const ports = [
    ...(url === undefined ? [] : [`at ${url}; models: ${models.map(({ name }) => name).join(", ")}`]),
    ...(provisioningAddress === undefined ? [] : [`for Gramine's clients at ${provisioningAddress}`]),
  ];
  return `broker ready ${ports.join("; ")}`;
}
