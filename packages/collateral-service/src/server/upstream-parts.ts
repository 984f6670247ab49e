import { forecast } from "../forecast/forecast.ts";
import { forecastText } from "../forecast/forecast-text.ts";
import { readForecastState } from "../forecast/read-state.ts";
import { withoutIds } from "../forecast/without-ids.ts";
import { type Answer, answer, jsonAnswer } from "../http/answer.ts";
import { RequestError } from "../http/request-error.ts";
import type { Upstream } from "../open-upstream.ts";
import type { SqlDatabase } from "../sql/database.ts";
import type { ExtraRoute } from "./extra-routes.ts";
import type { FillParts } from "./start-server.ts";

const AMD_PATH = /^\/(vcek|vlek)\/v1\//;
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
/** Everything that is stored is read for a forecast, so anybody who asks gets the last one for a while. */
const FORECAST_REUSE_MS = 30_000;

/**
 * What upstream adds to the service: `/metrics`, `/forecast` (JSON, or text by `format=text`), and the paths of AMD's key
 * distribution service.
 */
export function upstreamParts(upstream: Upstream, database: SqlDatabase, now: () => Date): FillParts {
  const { fill, metrics } = upstream;
  const routes = new Map<string, ExtraRoute>([
    ["/metrics", async () => answer(await metrics.text(database, now()), PROMETHEUS)],
    ["/forecast", forecastRoute(database, now)],
  ]);
  return {
    fill,
    extraRoutes: { get: (path) => routes.get(path) ?? (AMD_PATH.test(path) ? amdRoute(upstream, path) : undefined) },
    onAnswer: (status, ready) => metrics.answered(status, ready),
    close: () => upstream.close(),
  };
}

function amdRoute(upstream: Upstream, path: string): ExtraRoute {
  return async (query) => {
    const found = await upstream.answerAmd(path, query);
    if (found === undefined) {
      throw new RequestError("unknown-path", "AMD's service has no such path");
    }
    return answer(found.document.body, found.mediaType);
  };
}

/** Without the ids of platforms, since anybody may ask. */
function forecastRoute(database: SqlDatabase, now: () => Date): ExtraRoute {
  let last: { readonly until: number; readonly made: Promise<ForecastAnswers> } | undefined;
  return async (query): Promise<Answer> => {
    const time = now();
    if (last === undefined || time.getTime() > last.until) {
      const made = forecastAnswers(database, time);
      last = { until: time.getTime() + FORECAST_REUSE_MS, made };
      made.catch(() => (last = undefined));
    }
    const { text, json } = await last.made;
    return new URLSearchParams(query).get("format") === "text" ? text : json;
  };
}

/** One forecast in both of its forms. */
interface ForecastAnswers {
  readonly text: Answer;
  readonly json: Answer;
}

async function forecastAnswers(database: SqlDatabase, now: Date): Promise<ForecastAnswers> {
  const made = withoutIds(forecast(await readForecastState(database, now)));
  return { text: answer(forecastText(made), "text/plain; charset=utf-8"), json: jsonAnswer(made) };
}
