import type { JsonValue } from "@sealserve/core";
import { namesIn, type OpenOperation } from "./open-route.ts";
import type { Parameter, Route } from "./route.ts";
import { APIS, type Api } from "./router.ts";
import { STATUS_TEXTS } from "./status.ts";
import { TOKEN_HEADERS } from "./tokens.ts";

/** Operations outside the protocol of Intel's service, by the port that has them. */
export interface OpenOperations {
  readonly service: readonly OpenOperation[];
  readonly monitoring: readonly OpenOperation[];
}

/** The OpenAPI 3.1 description of the service, made from the tables that requests are dispatched by. */
export function openApi({ service, monitoring }: OpenOperations): JsonValue {
  const servers = [{ url: "http://{monitoring}", variables: { monitoring: { default: "127.0.0.1:8082" } } }];
  return {
    openapi: "3.1.0",
    info: { title: "Sealserve collateral service", version: "1", description: "What Intel's PCCS offers." },
    paths: Object.fromEntries([
      ...APIS.flatMap(describeApi),
      ...service.map((route) => [route.path, { get: describeOpen(route) }]),
      ...monitoring.map((route) => [route.path, { servers, get: describeOpen(route) }]),
    ]) as { [path: string]: JsonValue },
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
    responses: responses(route, route.token !== undefined),
  };
}

function describeOpen(route: OpenOperation): JsonValue {
  const names = namesIn(route.path).map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
  return {
    operationId: route.id,
    summary: route.summary,
    parameters: [...names, ...route.parameters.map(describeParameter)],
    responses: responses(route, false),
  };
}

function describeParameter({ name, form, required }: Parameter): JsonValue {
  const { pattern, description } = form;
  return { name, in: "query", required, description, schema: { type: "string", pattern: pattern.source } };
}

function responses({ mediaType }: { readonly mediaType: string }, guarded: boolean): { [status: string]: JsonValue } {
  const failures = Object.entries(STATUS_TEXTS)
    .filter(([status]) => status !== "200" && (guarded || status !== "401"))
    .map(([status, description]) => [status, { description }] as const);
  return {
    "200": { description: "as asked", content: { [mediaType]: {} } },
    ...Object.fromEntries(failures),
  };
}
