import { type Handler, ModelHandler } from "../core/handler.ts";
import { HoldingHandler } from "../core/holding-handler.ts";
import type { Seal } from "../core/servables.ts";
import { evidenceRoute } from "../evidence/http-route.ts";
import { servingMethods } from "../grpc/methods.ts";
import { reloadMethod } from "../grpc/reload-method.ts";
import type { GrpcServerOptions } from "../grpc/server.ts";
import type { GrpcMethods } from "../grpc/unary-call.ts";
import { healthMethods } from "../health/grpc-methods.ts";
import { Health } from "../health/health.ts";
import type { HttpRoute } from "../http/route.ts";
import { metricsRoute } from "../metrics/http-route.ts";
import { ObservedHandler } from "../metrics/observed-handler.ts";
import { inferenceMethods } from "../open-inference/grpc-methods.ts";
import { InferenceService } from "../open-inference/inference-service.ts";
import { inferenceRoute } from "../open-inference/rest-route.ts";
import { reflectionMethods } from "../reflection/grpc-methods.ts";
import type { BodyDecoder } from "../rest/decode/body-decoder.ts";
import { restRoute } from "../rest/route.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { VERSION } from "../version.ts";
import { SealHeaders, sealedRoute } from "./seal-headers.ts";
import type { ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";

const HEALTH_PATH = /^\/v2\/health\/(?:live|ready)$/;

/** What a node answers on each of its ports. */
export interface NodeApi {
  readonly grpc: Pick<GrpcServerOptions, "methods" | "evidence" | "responseHeaders">;
  readonly restRoutes: readonly HttpRoute[];
  /** Health and metrics: nothing in them comes from requests, and nothing can be changed by them. */
  readonly adminRoutes: readonly HttpRoute[];
}

/** What bounds the memory of requests. */
export interface RequestMemory {
  readonly budget: MemoryBudget;
  readonly decoder: BodyDecoder;
}

/** Puts the APIs together that the options of a node ask for, over one handler core. */
export function createApi(context: StartContext, served: ServedModels, { budget, decoder }: RequestMemory): NodeApi {
  const { readiness, store, metrics, log } = context;
  const { api, limits, monitoring, rest } = context.options;
  const { servables, sealed } = served;
  const models = new ModelHandler(servables, { checkMethodName: api.checkSignatureMethodName });
  const handler = new ObservedHandler(new HoldingHandler(models, budget), metrics.requests);
  const health = new Health(readiness, store);
  const service = new InferenceService(handler, servables, VERSION);
  const inference = inferenceRoute({ service, health, limits, decoder });
  const { prometheusPath } = monitoring;
  return {
    grpc: {
      methods: grpcMethods(context, served, { handler, service, health }),
      ...(sealed === undefined ? {} : { evidence: sealed.evidence, responseHeaders: new SealHeaders(sealed.seal, "") }),
    },
    restRoutes: [
      ...(sealed === undefined ? [] : [evidenceRoute({ issuer: sealed.evidence, limits, log })]),
      ...[restRoute(handler, limits, { ...rest, observer: metrics.requests, decoder }), inference].map(
        withSeal(sealed?.seal),
      ),
      ...(prometheusPath === undefined ? [] : [metricsRoute(metrics.registry, prometheusPath)]),
    ],
    adminRoutes: [
      (request) => (HEALTH_PATH.test(request.incoming.url ?? "") ? inference(request) : undefined),
      metricsRoute(metrics.registry, prometheusPath),
    ],
  };
}

function withSeal(seal: Seal | undefined): (route: HttpRoute) => HttpRoute {
  if (seal === undefined) {
    return (route) => route;
  }
  const headers = new SealHeaders(seal, "x-");
  return (route) => sealedRoute(route, headers);
}

/** What answers the rpcs. */
interface Services {
  readonly handler: Handler;
  readonly service: InferenceService;
  readonly health: Health;
}

function grpcMethods(
  {
    options: {
      api,
      grpc,
      limits: { maxElements },
      loading,
    },
    metrics,
  }: StartContext,
  { configured }: ServedModels,
  { handler, service, health }: Services,
): GrpcMethods {
  const readCounter = (name: string): bigint | undefined => metrics.registry.counterValue(name);
  const methods: GrpcMethods = new Map([
    ...servingMethods(handler, { asContent: api.outputsAsTensorContent }, { maxElements }),
    ...reloadMethod({ models: configured, allowed: loading.allowReload, readCounter }),
    ...inferenceMethods(service, health, { maxElements }),
    ...(grpc.healthService ? healthMethods(health) : []),
  ]);
  return grpc.reflection ? new Map([...methods, ...reflectionMethods(methods)]) : methods;
}
