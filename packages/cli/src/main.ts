import { CommanderError } from "commander";
import { EXIT } from "./exit-codes.ts";
import { describeFailure } from "./failure.ts";
import { paint, printJson, surviveClosedOutput, tell } from "./output/terminal.ts";
import { buildProgram } from "./program.ts";

async function main(): Promise<void> {
  try {
    const program = await buildProgram(process.argv.slice(2));
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.accepted : EXIT.usage;
      return;
    }
    const failure = describeFailure(error);
    tell(`${paint("red", "sealserve:")} ${failure.line}`);
    if (process.argv.includes("--json")) {
      printJson({ error: { code: failure.code, message: failure.line } });
    }
    if (process.env["SEALSERVE_STACK"] === "1" && error instanceof Error) {
      tell(error.stack ?? "");
    }
    process.exitCode = failure.exitCode;
  }
}

surviveClosedOutput();
await main();
