import type { Command } from "commander";
import { CliError } from "../errors.ts";

/** The commands of the collateral service, which a serving node's image does not contain; there they say so. */
export async function loadCollateralCommands(): Promise<(program: Command) => void> {
  try {
    return (await import("../commands/collateral.ts")).addCollateralCommands;
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && cause.code === "ERR_MODULE_NOT_FOUND")) {
      throw cause;
    }
    return addAbsentCommand;
  }
}

function addAbsentCommand(program: Command): void {
  program
    .command("collateral", { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new CliError("collateral-service-missing", "the collateral service is not part of this installation", {
        remedy: "run it from a whole installation; a serving node's image never contains it",
      });
    });
}
