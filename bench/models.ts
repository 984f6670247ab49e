/**
 * Models in the engine, without a server: what importing a SavedModel costs when it is loaded and when it runs.
 * `npm run bench:models`, or with the names of figures: residual, load, large, recurrent, text,
 * examples, tensorflow. The figure `large` needs 8 GB of disk and 6 GB of memory; `tensorflow` needs a library (see CONTRIBUTING.md).
 */

import { examples } from "./models/examples.ts";
import { large } from "./models/large.ts";
import { load } from "./models/load.ts";
import { recurrent } from "./models/recurrent.ts";
import { residual } from "./models/residual.ts";
import { tensorflow } from "./models/tensorflow.ts";
import { text } from "./models/text.ts";
import { runFigures } from "./run-figures.ts";

await runFigures({ residual, load, large, recurrent, text, examples, tensorflow });
