import { readFile } from "node:fs/promises";
import { parseBrokerConfig } from "@sealserve/broker";
import type { Command } from "commander";
import { printJson, tell } from "../output/terminal.ts";

/** `sealserve policy …`: looks at a broker's policy without running the broker. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").summary("check a broker's policy");
  policy
    .command("lint")
    .argument("<config>", "the broker's YAML configuration")
    .description("Reads the configuration as the broker would and names what it would refuse.")
    .option("--json", "print one JSON document on standard output")
    .action(lintPolicy);
}

async function lintPolicy(file: string, options: { readonly json?: true }): Promise<void> {
  const config = parseBrokerConfig(await readFile(file, "utf8"), file);
  const models = config.models.map(({ name, policy }) => ({ name, policy }));
  if (options.json) {
    printJson({ ok: true, models });
    return;
  }
  for (const { name } of models) {
    tell(`${name}: pins its software`);
  }
}
