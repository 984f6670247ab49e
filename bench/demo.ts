/** Wall time of the whole demo, from the command to the end, in seconds. `npm run bench:demo` */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { printFigure, spread, time } from "./harness.ts";

const RUNS = 3;
const command = fileURLToPath(new URL("../packages/cli/dist/main.js", import.meta.url));
const seconds: number[] = [];
for (let run = 0; run < RUNS; run++) {
  seconds.push(await time(() => promisify(execFile)(process.execPath, [command, "demo", "--json"])));
}
printFigure({ name: "sealserve demo, whole run", seconds: spread(seconds), targetSeconds: 15 });
