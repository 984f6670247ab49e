import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { buildProgram } from "../src/program.ts";

/** Commands that run something, by what one types; `serve` reads its arguments by itself. */
async function runnableCommands(): Promise<Map<string, Command>> {
  const found = new Map<string, Command>();
  const visit = (command: Command, path: string): void => {
    if (command.commands.length === 0) {
      found.set(path, command);
    }
    for (const child of command.commands) {
      visit(child, `${path} ${child.name()}`);
    }
  };
  visit(await buildProgram([]), "sealserve");
  found.delete("sealserve serve");
  return found;
}

function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) });
  command.outputHelp();
  return parts.join("");
}

test("the help of every command has an example that calls it, with all it needs", async () => {
  const commands = await runnableCommands();
  assert.ok(commands.size > 20, [...commands.keys()].join());
  for (const [path, command] of commands) {
    const example = helpOf(command).split(/^Examples?:$/m)[1];
    assert.ok(example?.includes(`  ${path} `), `${path} --help has no example`);
    for (const { mandatory, short, long } of command.options) {
      const given = [short, long].some((flag) => flag != null && example?.includes(` ${flag} `));
      assert.ok(given || !mandatory, `the example of ${path} lacks ${String(long)}`);
    }
  }
});

test("every command can print JSON", async () => {
  for (const [path, command] of await runnableCommands()) {
    assert.ok(
      command.options.some(({ long }) => long === "--json"),
      `${path} has no --json`,
    );
  }
});
