import { workOnStore } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { writeNewFile } from "../output/new-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";

/** `sealserve collateral backup`. */
export function addCollateralBackupCommand(collateral: Command): void {
  collateral
    .command("backup")
    .argument("<file>", "backup to write; must not exist")
    .description("Writes everything that is stored, as it is at one moment. May run beside the service.")
    .requiredOption(...COLLATERAL_CONFIG)
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve collateral backup collateral.backup --config collateral.yaml")
    .action(backup);
}

interface BackupOptions {
  readonly config: string;
  readonly json?: true;
}

async function backup(output: string, { config, json }: BackupOptions): Promise<void> {
  const made = await workOnStore(
    await readCollateralConfig(config),
    () => new Date(),
    (store) => store.makeBackup(),
  );
  await writeNewFile(output, made, { secret: true });
  tell(`${output}: ${made.length} bytes; keep it as safe as the database`);
  if (json) {
    printJson({ output, bytes: made.length });
  }
}
