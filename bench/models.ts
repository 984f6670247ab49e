/**
 * Models in the engine, without a server: what importing a SavedModel costs when it is loaded and when it runs.
 * `npm run bench:models`, or with the names of figures: residual, load, recurrent, text.
 */
import { parseArgs } from "node:util";
import { load } from "./models/load.ts";
import { recurrent } from "./models/recurrent.ts";
import { residual } from "./models/residual.ts";
import { text } from "./models/text.ts";

const FIGURES: Readonly<Record<string, () => Promise<void>>> = { residual, load, recurrent, text };

const { positionals } = parseArgs({ allowPositionals: true });
const unknown = positionals.find((name) => FIGURES[name] === undefined);
if (unknown !== undefined) {
  throw new Error(`there is no figure ${unknown}; there are ${Object.keys(FIGURES).join(", ")}`);
}
for (const name of positionals.length === 0 ? Object.keys(FIGURES) : positionals) {
  await FIGURES[name]?.();
}
