/** Writes the page about the flags of the model server, from the table that the server reads them by. */
import { writeFileSync } from "node:fs";
import { flagsPage } from "./flags-page.ts";

writeFileSync(new URL("../docs/server-flags.md", import.meta.url), flagsPage());
