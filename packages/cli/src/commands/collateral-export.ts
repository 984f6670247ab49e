import { workOnStore } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { readNamedText } from "../named-file.ts";
import { writeNewFile } from "../output/new-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";

interface ExportOptions {
  readonly config: string;
  readonly key: string;
  readonly json?: true;
}

/** `sealserve collateral export`: the way to a host without a network. */
export function addCollateralExportCommand(collateral: Command): void {
  collateral
    .command("export")
    .argument("<file>", "bundle to write; must not exist")
    .description("Writes all documents, platforms and policies as one signed file, for a host without a network.")
    .requiredOption(...COLLATERAL_CONFIG)
    .requiredOption("--key <file>", "Ed25519 private key that signs it (owner.key of `sealserve keygen`)")
    .option(...JSON_OPTION)
    .addHelpText(
      "after",
      "\nExample:\n  sealserve collateral export bundle --config collateral.yaml --key owner/owner.key",
    )
    .action(exportCollateral);
}

async function exportCollateral(output: string, { config, key, json }: ExportOptions): Promise<void> {
  const privateKeyPem = await readNamedText(key);
  const { file, summary } = await workOnStore(
    await readCollateralConfig(config),
    () => new Date(),
    (store) => store.exportBundle(privateKeyPem),
  );
  await writeNewFile(output, file, { secret: true });
  if (json === true) {
    printJson({ file: output, ...summary });
    return;
  }
  const { documents, platforms, policies, expired } = summary;
  tell(`${output}: ${documents} documents, ${platforms} platforms, ${policies} policies`);
  if (expired.length > 0) {
    tell(`left out, since they have expired: ${expired.join(", ")}`);
  }
}
