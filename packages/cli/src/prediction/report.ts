import type { ProvenNode } from "@sealserve/client";
import { CliError } from "../errors.ts";
import { paint, printJson, printResult, tell } from "../output/terminal.ts";
import type { TargetPrediction } from "./connect.ts";
import type { PreparedInputs } from "./inputs.ts";
import { plainValues } from "./plain-value.ts";

/** How a node is asked. */
export type Way = "grpc" | "rest";

/**
 * Prints what a node answered.
 *
 * @throws CliError `answers-differ` when gRPC and REST do not say the same
 */
export function reportAnswers(
  prepared: PreparedInputs,
  answers: ReadonlyMap<Way, TargetPrediction>,
  output: "json" | "text",
): void {
  const outputs = [...answers.values()].map((answer) => JSON.stringify(plainValues(answer.outputs)));
  if (new Set(outputs).size > 1) {
    throw new CliError("answers-differ", "gRPC and REST gave different answers", {
      expected: outputs[0],
      actual: outputs[1],
    });
  }
  const [answer] = answers.values();
  if (answer === undefined) {
    return;
  }
  const ways = [...answers.keys()];
  if (output === "json") {
    printJson({
      model: { name: answer.modelSpec.name, version: answer.modelSpec.version },
      via: ways,
      inputs: plainValues(prepared.inputs),
      outputs: plainValues(answer.outputs),
      node: describeProof(answer.node),
      ...(answer.seal === undefined ? {} : { seal: answer.seal }),
    });
    return;
  }
  tell(`${verdictOf(answer.node)}, asked by ${ways.join(" and ")}`);
  if (answer.seal !== undefined) {
    const { manifestDigest, leaseEndsAt } = answer.seal;
    const lease = leaseEndsAt === undefined ? "without a lease" : `leased until ${leaseEndsAt.toISOString()}`;
    tell(`package ${manifestDigest}, ${lease}`);
  }
  printResult(JSON.stringify({ outputs: plainValues(answer.outputs) }));
}

function describeProof(proof: ProvenNode | undefined): unknown {
  if (proof === undefined) {
    return { verified: false };
  }
  const { appraisal, manifestDigest } = proof;
  return { simulated: appraisal.simulated, manifestDigest, claims: appraisal.claims };
}

function verdictOf(proof: ProvenNode | undefined): string {
  if (proof === undefined) {
    return paint("red", "node not verified: whoever runs it can read and change everything");
  }
  const seal = proof.appraisal.simulated
    ? paint("yellow", "simulated, proves nothing about hardware")
    : paint("green", "genuine");
  return `node verified (${seal})`;
}
