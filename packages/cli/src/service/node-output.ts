import type { Log, OnStep } from "@sealserve/serving";
import { paint, printJson, tell } from "../output/terminal.ts";

/** How a service tells of itself: lines of JSON on standard output, or text on standard error. */
export type StepOutput = "json" | "text";

/** Told of each step of a start. */
export function stepsTo(output: StepOutput): OnStep {
  return (step) => {
    if (output === "json") {
      printJson({ event: "step", ...step });
    } else {
      tell(`${paint("green", "✓")} ${step.name} ${paint("dim", `${step.ms} ms  ${step.detail}`)}`);
    }
  };
}

/** Told of everything else that happens; what is a warning stands out. */
export function logTo(output: StepOutput): Log {
  return (event, fields) => {
    if (event === "step") {
      return;
    }
    if (output === "json") {
      printJson({ event: "log", name: event, ...fields });
      return;
    }
    const { warning } = fields;
    tell(typeof warning === "string" ? paint("yellow", `warning: ${warning}`) : logLine(event, fields));
  };
}

function logLine(event: string, fields: Parameters<Log>[1]): string {
  return [event, ...Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(" ");
}
