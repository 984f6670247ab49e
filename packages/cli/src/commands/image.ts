import type { Command } from "commander";
import { assembleProgramImage } from "../image/assemble.ts";
import { JSON_OPTION, printJson, tell } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";

interface ImageOptions {
  readonly out: string;
  readonly json?: true;
}

/** `sealserve image`: the serving program as a folder that can be measured. */
export function addImageCommand(program: Command): void {
  program
    .command("image")
    .summary("assemble the serving program that the TEE measures")
    .description("Copies the serving node and everything it executes, without the simulator, into one folder.")
    .requiredOption("--out <dir>", "folder to make; must not exist or be empty")
    .option(...JSON_OPTION)
    .addHelpText("after", "\nExample:\n  sealserve image --out run/program")
    .action(async (options: ImageOptions) => {
      const image = await assembleProgramImage(options.out, abortOnSignal());
      if (options.json) {
        printJson(image);
        return;
      }
      tell(`${image.directory}: ${image.packages.length} packages`);
      tell(`start it with: node ${image.entry} serve --config FILE`);
    });
}
