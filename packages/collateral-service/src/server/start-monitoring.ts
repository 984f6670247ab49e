import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Endpoint, formatEndpoint } from "@sealserve/config";
import { capConnections } from "@sealserve/ra-tls";
import type { Answer } from "../http/answer.ts";
import { targetOf } from "../http/dispatch.ts";
import { failureAnswer } from "../http/failure-answer.ts";
import { findOpenRoute, type OpenRoute } from "../http/open-route.ts";
import { RequestError } from "../http/request-error.ts";
import { sendAnswer } from "../http/send.ts";
import { listenOn } from "./listen-on.ts";
import { type MonitoringContext, monitoringRoutes } from "./monitoring-routes.ts";

/** What the port for those who run the service is opened with. */
export interface MonitoringOptions extends MonitoringContext {
  readonly listen: Endpoint;
  readonly onFault: (error: unknown) => void;
}

/** The port for those who run the service. */
export interface Monitoring {
  /** Such as `http://127.0.0.1:8082`. */
  readonly url: string;
  /** The database stays open. */
  close(): Promise<void>;
}

const CAPS = { maxConnections: 64, maxConnectionsPerAddress: 32 };
const REQUEST_TIMEOUT_MS = 10_000;
const DRAIN_MS = 1000;
const NOTHING_BEGUN = (): void => undefined;

/**
 * Opens a port of its own for metrics, readiness and the forecast: plain HTTP, for the network of those who run the service,
 * so that nobody who may ask for collateral reads or slows these (threat F6).
 * @throws ServiceError `port-unavailable`
 */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const routes = monitoringRoutes(options);
  const server = createServer(
    { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => void answerRequest(request, response, routes, options.onFault),
  );
  capConnections(server, CAPS);
  const port = await listenOn(server, options.listen, { member: "monitoring", onFault: options.onFault });
  return {
    url: `http://${formatEndpoint(port.address)}`,
    close: () => port.close(DRAIN_MS, () => server.closeIdleConnections()),
  };
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  routes: readonly OpenRoute[],
  onFault: MonitoringOptions["onFault"],
): Promise<void> {
  let answer: Answer;
  try {
    answer = await prepare(request, routes);
  } catch (error) {
    answer = failureAnswer(error);
    if (!(error instanceof RequestError)) {
      onFault(error);
    }
  }
  if (response.writable) {
    sendAnswer(request, response, answer);
  }
}

async function prepare({ method, url = "" }: IncomingMessage, routes: readonly OpenRoute[]): Promise<Answer> {
  const { path, query } = targetOf(url);
  const route = method === "GET" || method === "HEAD" ? findOpenRoute(routes, path) : undefined;
  if (route === undefined) {
    throw new RequestError("unknown-path", "the path or the method is unknown");
  }
  return route.handle({ path, query, admission: NOTHING_BEGUN });
}
