// What the engine tensorflow starts for each version.
import { parseProgramTask } from "./program-task.ts";
import { serveVersion } from "./serve-version.ts";

await serveVersion(parseProgramTask(process.argv.slice(2)));
