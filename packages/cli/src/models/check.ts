import type { LoadedModel } from "@sealserve/models";
import { EXIT } from "../exit-codes.ts";
import { readNamedText } from "../named-file.ts";
import { paint, printJson, printResult } from "../output/terminal.ts";
import { abortOnSignal } from "../service/until-signal.ts";
import { type CaseResult, parseExpected, runCase } from "./expected-outputs.ts";
import { type EngineOptions, openModel } from "./open-model.ts";

/** Options of `sealserve models check`. */
export interface CheckOptions extends EngineOptions {
  readonly expected?: string;
  readonly tolerance: number;
  readonly json?: true;
}

interface SignatureResult {
  readonly signature: string;
  readonly refusal: string | undefined;
}

/** `sealserve models check`: exit code 2 when a signature does not run, or an output differs. @throws ModelError */
export async function check(directory: string, { expected, tolerance, json, ...engine }: CheckOptions): Promise<void> {
  const document = expected === undefined ? undefined : await readNamedText(expected);
  const model = await openModel(directory, engine, abortOnSignal());
  try {
    const signatures = describeSignatures(model);
    const parsed = document === undefined ? [] : parseExpected(document, model.signatureDefs);
    const cases: CaseResult[] = [];
    for (const one of parsed) {
      cases.push(await runCase(model, one, tolerance));
    }
    report(signatures, cases, json === true);
    if (signatures.some(({ refusal }) => refusal !== undefined) || cases.some(({ failure }) => failure !== undefined)) {
      process.exitCode = EXIT.usage;
    }
  } finally {
    await model.close();
  }
}

/** Those with outputs: TensorFlow 2 keeps the initialisation of a model as a signature without any. */
function describeSignatures({ signatures, refusals }: LoadedModel): SignatureResult[] {
  return [...signatures]
    .filter(([, { outputs }]) => outputs.size > 0)
    .map(([signature]) => ({ signature, refusal: refusals.get(signature)?.message }));
}

function report(signatures: readonly SignatureResult[], cases: readonly CaseResult[], json: boolean): void {
  if (json) {
    printJson({ signatures, cases });
    return;
  }
  for (const { signature, refusal } of signatures) {
    printResult(
      `signature ${JSON.stringify(signature)}: ${refusal === undefined ? paint("green", "runs") : `refused: ${refusal}`}`,
    );
  }
  for (const [index, { signature, failure }] of cases.entries()) {
    const outcome = failure === undefined ? paint("green", "as expected") : paint("red", failure);
    printResult(`case ${index + 1}, signature ${JSON.stringify(signature)}: ${outcome}`);
  }
}
