import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { JSON_OPTION, printJson, printResult, tell } from "../output/terminal.ts";
import { runCollateralService } from "../service/collateral-workers.ts";
import { applyProcessSettings } from "../service/process-settings.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";
import { addCollateralBackupCommand } from "./collateral-backup.ts";
import { addCollateralExportCommand } from "./collateral-export.ts";
import { addCollateralForecastCommand } from "./collateral-forecast.ts";
import { addCollateralImportCommand } from "./collateral-import.ts";
import { addCollateralRestoreCommand } from "./collateral-restore.ts";

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
    .requiredOption(...COLLATERAL_CONFIG)
    .option("--json", "print events as JSON lines on standard output")
    .addHelpText("after", `${EXAMPLE}\n\n${RELOAD_HELP}`)
    .action(serve);
  collateral
    .command("hash-token")
    .description("Reads a token from standard input and prints its hash for the configuration.")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve collateral hash-token < admin-token.txt")
    .action(hashToken);
  addCollateralForecastCommand(collateral);
  addCollateralExportCommand(collateral);
  addCollateralImportCommand(collateral);
  addCollateralBackupCommand(collateral);
  addCollateralRestoreCommand(collateral);
}

async function serve({ config: file, json }: ServeOptions): Promise<void> {
  applyProcessSettings({ youngHalfMiB: 4 });
  await runCollateralService(() => readCollateralConfig(file), json === true);
}

async function hashToken({ json }: { readonly json?: true }): Promise<void> {
  const token = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (token === "" || /[^\x20-\x7e]/.test(token)) {
    throw new CliError("usage", "standard input has no token", {
      remedy: "give one line of printable ASCII characters",
    });
  }
  const sha512 = createHash("sha512").update(token).digest("hex");
  if (json) {
    printJson({ sha512 });
    return;
  }
  tell("SHA-512 of the token:");
  printResult(sha512);
}
