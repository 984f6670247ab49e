import { parseArgs } from "node:util";

/** Takes the figures that the command line names, or all of them, one after the other. @throws Error for a name there is not */
export async function runFigures(figures: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  const { positionals } = parseArgs({ allowPositionals: true });
  const unknown = positionals.find((name) => figures[name] === undefined);
  if (unknown !== undefined) {
    throw new Error(`there is no figure ${unknown}; there are ${Object.keys(figures).join(", ")}`);
  }
  for (const name of positionals.length === 0 ? Object.keys(figures) : positionals) {
    await figures[name]?.();
  }
}
