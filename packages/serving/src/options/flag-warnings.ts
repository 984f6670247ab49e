import type { Flag } from "./flag.ts";
import type { ParsedFlags } from "./parse-flags.ts";
import { tensorflowFlags } from "./tensorflow-flags.ts";

/** What an operator should know of flags that do not do what one may expect of them. */
export function flagWarnings({ tensorflow, given }: ParsedFlags): string[] {
  const warnings = Object.entries<Flag>(tensorflowFlags).flatMap(([name, { treatment, fallback, meaning }]) => {
    const hasEffect = treatment !== "no effect" || tensorflow[name as keyof typeof tensorflow] === fallback;
    return hasEffect || !given.has(name) ? [] : [`--${name} has no effect: ${meaning}`];
  });
  if (tensorflow.port !== 0 && tensorflow.rest_api_port === tensorflow.port) {
    warnings.push(
      "server_options.http_port cannot be same as grpc_port. Please use a different port for HTTP/REST API. " +
        "Skipped exporting HTTP/REST API.",
    );
  }
  return warnings;
}
