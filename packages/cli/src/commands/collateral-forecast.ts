import { forecastText, workOnStore } from "@sealserve/collateral-service";
import type { Command } from "commander";
import { JSON_OPTION, printJson, printResult } from "../output/terminal.ts";
import { COLLATERAL_CONFIG, readCollateralConfig } from "../service/read-collateral-config.ts";

interface ForecastOptions {
  readonly config: string;
  readonly json?: true;
}

/** `sealserve collateral forecast`. */
export function addCollateralForecastCommand(collateral: Command): void {
  collateral
    .command("forecast")
    .description(
      "Says which stored document expires and which platform turns which TCB status, on which day and why, from what is stored.",
    )
    .requiredOption(...COLLATERAL_CONFIG)
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve collateral forecast --config collateral.yaml")
    .action(printForecast);
}

async function printForecast({ config, json }: ForecastOptions): Promise<void> {
  const made = await workOnStore(
    await readCollateralConfig(config),
    () => new Date(),
    (store) => store.forecast(),
  );
  if (json === true) {
    printJson(made);
  } else {
    printResult(forecastText(made).trimEnd());
  }
}
