import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parseServiceConfig, type ServiceConfig } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { tell } from "../output/terminal.ts";
import { runCollateralService } from "../service/collateral-workers.ts";
import { keepYoungGenerationSmall } from "../service/small-young-generation.ts";

interface ServeOptions {
  readonly config: string;
  readonly json?: true;
}

const EXAMPLE = "\nExample:\n  sealserve collateral serve --config collateral.yaml";
const RELOAD_HELP =
  "SIGHUP has tokens and certificate read again; a certificate that is replaced is also taken by itself.";

/** `sealserve collateral …`: a caching service for collateral, in the place of Intel's PCCS. */
export function addCollateralCommands(program: Command): void {
  const collateral = program
    .command("collateral")
    .summary("run a caching service for collateral, in the place of Intel's PCCS")
    .description(
      "Keeps what verifies SGX and TDX evidence, verified before it is stored, and serves it as Intel's PCCS does.",
    );
  collateral
    .command("serve", { isDefault: true })
    .description("Runs the service.")
    .requiredOption("--config <file>", "YAML configuration, or the JSON file of Intel's PCCS as it is")
    .option("--json", "print events as JSON lines on standard output")
    .addHelpText("after", `${EXAMPLE}\n\n${RELOAD_HELP}`)
    .action(serve);
  collateral
    .command("hash-token")
    .description("Reads a token from standard input and prints its hash for the configuration.")
    .addHelpText("after", "\nExample:\n  sealserve collateral hash-token < admin-token.txt")
    .action(hashToken);
}

async function serve({ config: file, json }: ServeOptions): Promise<void> {
  keepYoungGenerationSmall();
  const read = async (): Promise<ServiceConfig> => parseServiceConfig(await readFile(file, "utf8"), file);
  await runCollateralService(read, json === true);
}

async function hashToken(): Promise<void> {
  const token = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (token === "" || /[^\x20-\x7e]/.test(token)) {
    throw new CliError("usage", "standard input has no token", {
      remedy: "give one line of printable ASCII characters",
    });
  }
  tell("SHA-512 of the token:");
  process.stdout.write(`${createHash("sha512").update(token).digest("hex")}\n`);
}
