import { workOnStore } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { readNamedFile, readNamedText } from "../named-file.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";

interface ImportOptions {
  readonly config: string;
  readonly key: string;
  readonly json?: true;
}

/** `sealserve collateral import`: takes in what another service exported. */
export function addCollateralImportCommand(collateral: Command): void {
  collateral
    .command("import")
    .argument("<file>", "bundle that another service exported")
    .description(
      "Checks the signature of a bundle and every document in it, then stores all of it, or nothing. May run beside the service.",
    )
    .requiredOption(...COLLATERAL_CONFIG)
    .requiredOption("--key <file>", "public key of whoever exported it (owner.pub), had on another way")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve collateral import bundle --config collateral.yaml --key owner.pub")
    .action(importCollateral);
}

async function importCollateral(input: string, { config, key, json }: ImportOptions): Promise<void> {
  const [file, publicKeyPem] = await Promise.all([readNamedFile(input), readNamedText(key)]);
  const summary = await workOnStore(
    await readCollateralConfig(config),
    () => new Date(),
    (store) => store.importBundle(file, publicKeyPem),
  );
  if (json === true) {
    printJson(summary);
    return;
  }
  const { documents, platforms, policies, expired } = summary;
  tell(`stored ${documents} documents, ${platforms} platforms, ${policies} policies`);
  if (expired.length > 0) {
    tell(`left out, since they expired on the way: ${expired.join(", ")}`);
  }
}
