/** Writes the page about operations of SavedModels, from the tables that the importer works by. */
import { writeFileSync } from "node:fs";
import { operationsPage } from "./operations-page.ts";

writeFileSync(new URL("../docs/operations.md", import.meta.url), operationsPage());
