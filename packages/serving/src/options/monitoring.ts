import { MonitoringConfig } from "@sealserve/protocol";
import { fileRoles, readBoundedText } from "../config/bounded-file.ts";
import { parseTextConfig } from "../config/text-config.ts";
import { NodeError } from "../errors.ts";

/** Where TensorFlow Serving has its metrics. */
export const DEFAULT_METRICS_PATH = "/monitoring/prometheus/metrics";
/** What a path for metrics must be. */
export const METRICS_PATH_FORM = `a path such as ${DEFAULT_METRICS_PATH}, outside of /v1 and /v2`;
/** What an endpoint for traces must be. */
export const TRACE_ENDPOINT_FORM = "an https URL such as https://collector.example:4318/v1/traces";

/**
 * The path of the metrics that a MonitoringConfig file asks for, if any.
 *
 * @param file empty when there is none
 * @throws ServingError `INVALID_ARGUMENT` naming file and line
 * @throws NodeError `bad-option`, `file-too-large`
 */
export async function readMetricsPath(file: string): Promise<string | undefined> {
  if (file === "") {
    return undefined;
  }
  const text = await readBoundedText(file, fileRoles.monitoringConfig);
  const { prometheusConfig } = parseTextConfig(MonitoringConfig, text, file);
  const path = prometheusConfig?.path || DEFAULT_METRICS_PATH;
  if (!isMetricsPath(path)) {
    throw new NodeError("bad-option", `${file}: the path of the metrics cannot be used`, {
      expected: METRICS_PATH_FORM,
      actual: path,
    });
  }
  return prometheusConfig?.enable === true ? path : undefined;
}

/** Whether a request can have this path and none of the APIs owns it. */
export function isMetricsPath(path: string): boolean {
  return /^(?:\/[A-Za-z0-9._~-]+)+$/.test(path) && !/^\/v[12](?:\/|$)/i.test(path);
}

/** Traces tell who asks what and when, so they do not leave in plaintext. */
export function isTraceEndpoint(url: string): boolean {
  return URL.parse(url)?.protocol === "https:";
}
