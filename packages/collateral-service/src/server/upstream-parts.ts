import type { Upstream } from "../open-upstream.ts";
import type { FillParts } from "./start-server.ts";

/** What upstream adds to the service: what fills the store, AMD's paths, and its counts of answers. */
export function upstreamParts(upstream: Upstream): FillParts {
  const { fill, metrics } = upstream;
  return {
    fill,
    answerAmd: (request) => upstream.answerAmd(request),
    onAnswer: (status, ready) => metrics.answered(status, ready),
    close: () => upstream.close(),
  };
}
