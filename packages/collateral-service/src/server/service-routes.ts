import { type AnswerAmd, amdRoutes } from "../amd/amd-routes.ts";
import { answer, jsonAnswer } from "../http/answer.ts";
import { openApi } from "../http/open-api.ts";
import type { OpenRoute } from "../http/open-route.ts";
import { MONITORING_OPERATIONS } from "./monitoring-routes.ts";

const JSON_TYPE = "application/json";

/**
 * What the service answers beside the protocol of Intel's: AMD's paths, `/health` for whoever balances load, and its own
 * description. Nothing here tells about what is stored; that is for the port of those who run it (threat F6).
 */
export function serviceRoutes(answerAmd: AnswerAmd): readonly OpenRoute[] {
  const routes: OpenRoute[] = [
    ...amdRoutes(answerAmd),
    {
      path: "/health",
      id: "getHealth",
      summary: "Whether the process answers",
      parameters: [],
      mediaType: JSON_TYPE,
      handle: async () => jsonAnswer({ status: "ok" }),
    },
    {
      path: "/openapi.json",
      id: "getDescription",
      summary: "This description",
      parameters: [],
      mediaType: JSON_TYPE,
      handle: async () => answer(description(), "application/json; charset=utf-8"),
    },
  ];
  let text: string | undefined;
  const description = (): string =>
    (text ??= JSON.stringify(openApi({ service: routes, monitoring: Object.values(MONITORING_OPERATIONS) })));
  return routes;
}
