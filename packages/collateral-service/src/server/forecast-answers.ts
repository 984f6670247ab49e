import { forecast } from "../forecast/forecast.ts";
import { forecastText } from "../forecast/forecast-text.ts";
import { withoutIds } from "../forecast/without-ids.ts";
import { type Answer, answer, jsonAnswer } from "../http/answer.ts";
import type { OpenRequest } from "../http/open-route.ts";
import type { SqlDatabase } from "../sql/database.ts";

/** Everything that is stored is read for a forecast, so whoever asks gets the last one for a while. */
const REUSE_MS = 30_000;

/** One forecast in both of its forms. */
interface Forms {
  readonly text: Answer;
  readonly json: Answer;
}

/** Answers with forecasts, as JSON or by `format=text` for people, without the ids of platforms. */
export function forecastAnswers(database: SqlDatabase, now: () => Date): (request: OpenRequest) => Promise<Answer> {
  let last: { readonly from: number; readonly made: Promise<Forms> } | undefined;
  return async ({ query }) => {
    const time = now();
    if (last === undefined || !isRecent(last.from, time.getTime())) {
      const made = makeForms(database, time);
      last = { from: time.getTime(), made };
      made.catch(() => (last = undefined));
    }
    const { text, json } = await last.made;
    return new URLSearchParams(query).get("format") === "text" ? text : json;
  };
}

/** One from time to come was made by a clock that has been corrected since: nobody would get another until then (threat A5). */
function isRecent(from: number, time: number): boolean {
  return from <= time && time <= from + REUSE_MS;
}

async function makeForms(database: SqlDatabase, now: Date): Promise<Forms> {
  const made = withoutIds(await forecast(database, now));
  return { text: answer(forecastText(made), "text/plain; charset=utf-8"), json: jsonAnswer(made) };
}
