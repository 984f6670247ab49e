import type { JsonValue } from "@sealserve/core";
import type { Parameter, Route } from "./route.ts";
import { APIS, type Api } from "./router.ts";
import { STATUS_TEXTS } from "./status.ts";
import { TOKEN_HEADERS } from "./tokens.ts";

/** The OpenAPI 3.1 description of the service, made from the table of routes. */
export function openApi(): JsonValue {
  return {
    openapi: "3.1.0",
    info: { title: "Sealserve collateral service", version: "1", description: "What Intel's PCCS offers." },
    paths: Object.fromEntries(APIS.flatMap(describeApi)),
    components: {
      securitySchemes: Object.fromEntries(
        Object.entries(TOKEN_HEADERS).map(([kind, name]) => [kind, { type: "apiKey", in: "header", name }]),
      ),
    },
  };
}

function describeApi(api: Api): [path: string, item: JsonValue][] {
  const paths = new Set(api.routes.map(({ path }) => path));
  return [...paths].map((path) => [
    `${api.base}${path}`,
    Object.fromEntries(
      api.routes
        .filter((route) => route.path === path)
        .map((route) => [route.method.toLowerCase(), describeRoute(route, api)]),
    ),
  ]);
}

function describeRoute(route: Route, { version }: Api): JsonValue {
  return {
    operationId: version === 3 ? `${route.id}V3` : route.id,
    summary: route.summary,
    ...(version === 3 ? { deprecated: true } : {}),
    parameters: route.parameters.map(describeParameter),
    ...(route.token === undefined ? {} : { security: [{ [route.token]: [] }] }),
    ...(route.body === undefined ? {} : { requestBody: { content: { "application/json": { schema: route.body } } } }),
    responses: { "200": { description: "as asked", content: { [route.mediaType]: {} } }, ...failures(route) },
  };
}

function describeParameter({ name, form, required }: Parameter): JsonValue {
  const { pattern, description } = form;
  return { name, in: "query", required, description, schema: { type: "string", pattern: pattern.source } };
}

function failures({ token }: Route): { [status: string]: JsonValue } {
  return Object.fromEntries(
    Object.entries(STATUS_TEXTS)
      .filter(([status]) => status !== "200" && (token !== undefined || status !== "401"))
      .map(([status, description]) => [status, { description }]),
  );
}
