import { inspectModel, type ModelReport } from "@sealserve/models";
import { CliError } from "../errors.ts";
import { writeNewFile } from "../output/new-file.ts";
import { printJson, printResult } from "../output/terminal.ts";
import { drawPlan } from "./plan-picture.ts";
import { describeReport } from "./report-text.ts";

/** Options of `sealserve models inspect`. */
export interface InspectOptions {
  readonly signature?: string;
  readonly svg?: string;
  readonly tags?: readonly string[];
  readonly json?: true;
}

/** `sealserve models inspect`. @throws CliError `usage` for a signature that the model lacks; ModelError for a broken model */
export async function inspect(directory: string, { signature, svg, tags, json }: InspectOptions): Promise<void> {
  const report = onlySignature(inspectModel({ directory }, tags), signature);
  if (svg !== undefined) {
    await writeNewFile(svg, drawPlan(report));
  }
  if (json) {
    printJson(report);
    return;
  }
  for (const line of describeReport(report)) {
    printResult(line);
  }
}

function onlySignature(report: ModelReport, key: string | undefined): ModelReport {
  if (key === undefined) {
    return report;
  }
  const signature = Object.hasOwn(report.signatures, key) ? report.signatures[key] : undefined;
  if (signature === undefined) {
    throw new CliError("usage", `the model has no signature ${JSON.stringify(key)}`, {
      expected: Object.keys(report.signatures).join(", "),
    });
  }
  return { ...report, signatures: { [key]: signature } };
}
