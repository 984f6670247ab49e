import { encodeUtf8 } from "@sealserve/core";
import type { HttpRoute } from "../http/route.ts";
import { DEFAULT_METRICS_PATH } from "../options/monitoring.ts";
import type { MetricRegistry } from "./registry.ts";

/** Serves the metrics at `path`, for GET alone; a query is ignored. */
export function metricsRoute(registry: MetricRegistry, path: string = DEFAULT_METRICS_PATH): HttpRoute {
  return ({ incoming: { method, url = "" } }) =>
    method === "GET" && url.split("?", 1)[0] === path
      ? { status: 200, contentType: "text/plain", body: encodeUtf8(registry.expose()) }
      : undefined;
}
