import { type Answer, answer, jsonAnswer } from "../http/answer.ts";
import type { OpenOperation, OpenRequest, OpenRoute } from "../http/open-route.ts";
import { may } from "../http/route.ts";
import type { CollateralMetrics } from "../metrics/collateral-metrics.ts";
import type { SqlDatabase } from "../sql/database.ts";
import { forecastAnswers } from "./forecast-answers.ts";

const JSON_TYPE = "application/json";
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const FORMAT = { pattern: /^(?:json|text)$/, read: (text: string) => text, description: "json, or text for people" };

/** What the port for those who run the service answers: it reads alone, and names no platform (threat F6). */
export const MONITORING_OPERATIONS = {
  ready: {
    path: "/ready",
    id: "getReadiness",
    summary: "Whether the service can do its work",
    parameters: [],
    mediaType: JSON_TYPE,
  },
  metrics: {
    path: "/metrics",
    id: "getMetrics",
    summary: "Counts and ages, over all processes of the service, in Prometheus' format",
    parameters: [],
    mediaType: "text/plain",
  },
  forecast: {
    path: "/forecast",
    id: "getForecast",
    summary: "Which document expires and which kind of platform turns which TCB status, on which day and why",
    parameters: [may("format", FORMAT)],
    mediaType: JSON_TYPE,
  },
} as const satisfies Record<string, OpenOperation>;

/** What monitoring looks at. */
export interface MonitoringContext {
  readonly database: SqlDatabase;
  readonly metrics: CollateralMetrics;
  readonly now: () => Date;
  /** Whether everything but the database, which is asked, can do its work. */
  readonly isReady: () => boolean;
}

export function monitoringRoutes(context: MonitoringContext): readonly OpenRoute[] {
  const { database, metrics, now } = context;
  const handlers: Record<keyof typeof MONITORING_OPERATIONS, (request: OpenRequest) => Promise<Answer>> = {
    ready: () => readiness(context),
    metrics: async () => answer(await metrics.text(database, now()), PROMETHEUS),
    forecast: forecastAnswers(database, now),
  };
  return Object.entries(MONITORING_OPERATIONS).map(([name, operation]) => ({
    ...operation,
    handle: handlers[name as keyof typeof handlers],
  }));
}

async function readiness({ database, isReady }: MonitoringContext): Promise<Answer> {
  const works = await canRead(database);
  const ready = works && isReady();
  return { ...jsonAnswer({ ready, database: works, service: isReady() }), status: ready ? 200 : 503 };
}

async function canRead(database: SqlDatabase): Promise<boolean> {
  try {
    await database.generation();
    return true;
  } catch {
    return false;
  }
}
