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
      endParsing(error);
      return;
    }
    const failure = describeFailure(error);
    tell(`${paint("red", "sealserve:")} ${failure.line}`);
    printFailure(failure.code, failure.line);
    if (process.env["SEALSERVE_STACK"] === "1" && error instanceof Error) {
      tell(error.stack ?? "");
    }
    process.exitCode = failure.exitCode;
  }
}

/** Help and version end the parsing too. What was wrong, the parser has said to people by itself. */
function endParsing({ exitCode, message }: CommanderError): void {
  process.exitCode = exitCode === 0 ? EXIT.accepted : EXIT.usage;
  if (exitCode !== 0) {
    printFailure("usage", message.replace(/^error: /, ""));
  }
}

function printFailure(code: string, message: string): void {
  if (process.argv.includes("--json")) {
    printJson({ error: { code, message } });
  }
}

surviveClosedOutput();
await main();
