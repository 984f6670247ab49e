import type { ModelReport, OperationCount, RunBy, SignatureReport, StepOutline, TensorReport } from "@sealserve/models";

const RUN_BY_TEXT: Readonly<Record<RunBy, string>> = {
  engine: "engine",
  interpreter: "interpreter",
  plan: "folded or planned",
  nothing: "not supported",
};

/** A report for people, line by line. Names are quoted: whoever made the model chose them. */
export function describeReport({ platform, signatures }: ModelReport): string[] {
  const parts = Object.entries(signatures).flatMap(([key, signature]) => ["", ...describeSignature(key, signature)]);
  return [`platform: ${platform}`, ...parts];
}

function describeSignature(key: string, report: SignatureReport): string[] {
  const { method, inputs, outputs, refusal, operations, steps } = report;
  return [
    `signature ${JSON.stringify(key)} (${method === "" ? "no method" : method})`,
    ...describeTensors("input", inputs),
    ...describeTensors("output", outputs),
    `  runs: ${refusal === undefined ? "yes" : `no: ${refusal}`}`,
    ...describeOperations(operations),
    ...(steps.length === 0 ? [] : ["  plan:", ...describeSteps(steps, "    ")]),
  ];
}

function describeTensors(what: string, tensors: Readonly<Record<string, TensorReport>>): string[] {
  return Object.entries(tensors).map(
    ([name, { dtype, shape }]) => `  ${what} ${JSON.stringify(name)}: ${dtype} ${describeShape(shape)}`,
  );
}

function describeShape(shape: readonly number[] | undefined): string {
  return shape === undefined ? "of any rank" : `[${shape.map((size) => (size < 0 ? "?" : size)).join(", ")}]`;
}

function describeOperations(operations: readonly OperationCount[]): string[] {
  const supported = operations.filter((operation) => operation.runBy !== "nothing").length;
  const total = operations.reduce((sum, { nodes }) => sum + nodes, 0);
  const summary = `  operations: ${total} nodes of ${operations.length} types, ${supported} types supported`;
  const groups = (Object.keys(RUN_BY_TEXT) as RunBy[]).flatMap((runBy) => {
    const named = operations.filter((operation) => operation.runBy === runBy).map(({ op, nodes }) => `${op} ${nodes}`);
    return named.length === 0 ? [] : [`    ${RUN_BY_TEXT[runBy]}: ${named.join(", ")}`];
  });
  return operations.length === 0 ? [] : [summary, ...groups];
}

function describeSteps(steps: readonly StepOutline[], indent: string): string[] {
  return steps.flatMap((step, index) => [
    `${indent}${index + 1}. ${describeStep(step)}`,
    ...step.bodies.flatMap((body, position) => [
      `${indent}   ${bodyName(step, position)}:`,
      ...describeSteps(body, `${indent}     `),
    ]),
  ]);
}

function describeStep({ kind, operations, inputs, outputs }: StepOutline): string {
  const counts = Object.entries(operations).map(([op, count]) => (count === 1 ? op : `${op} ${count}`));
  const work = counts.length === 0 ? "" : ` (${counts.join(", ")})`;
  return `${STEP_NAMES[kind]}${work}: ${inputs.length} in, ${outputs.length} out`;
}

/** What steps are called. */
export const STEP_NAMES: Readonly<Record<StepOutline["kind"], string>> = {
  island: "engine",
  kernel: "interpreter",
  loop: "loop",
  branch: "choice",
  switch: "switch",
  merge: "merge",
};

/** What the functions of control flow are called. */
export function bodyName({ kind }: StepOutline, position: number): string {
  return kind === "loop" ? (["condition", "body"][position] ?? "body") : `branch ${position + 1}`;
}
