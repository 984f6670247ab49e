import { workOnStore } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { readNamedFile } from "../named-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";

/** `sealserve collateral restore`. */
export function addCollateralRestoreCommand(collateral: Command): void {
  collateral
    .command("restore")
    .argument("<file>", "backup that was made by `sealserve collateral backup`")
    .description("Puts a backup into an empty database, of either kind: SQLite's can go to PostgreSQL.")
    .requiredOption(...COLLATERAL_CONFIG)
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve collateral restore collateral.backup --config new.yaml")
    .action(restore);
}

interface RestoreOptions {
  readonly config: string;
  readonly json?: true;
}

async function restore(input: string, { config, json }: RestoreOptions): Promise<void> {
  const file = await readNamedFile(input);
  const summary = await workOnStore(
    await readCollateralConfig(config),
    () => new Date(),
    (store) => store.restoreBackup(file),
  );
  const counts = Object.entries(summary).map(([table, rows]) => `${rows} ${table.replaceAll("_", " ")}`);
  tell(`restored ${counts.join(", ")}`);
  if (json) {
    printJson({ restored: summary });
  }
}
