import { ModelHandler } from "../core/handler.ts";
import { evidenceRoute } from "../evidence/http-route.ts";
import { servingMethods } from "../grpc/methods.ts";
import { reloadMethod } from "../grpc/reload-method.ts";
import type { GrpcServerOptions } from "../grpc/server.ts";
import type { GrpcMethods } from "../grpc/unary-call.ts";
import { healthMethods } from "../health/grpc-methods.ts";
import { Health } from "../health/health.ts";
import type { HttpRoute } from "../http/route.ts";
import { inferenceMethods } from "../open-inference/grpc-methods.ts";
import { InferenceService } from "../open-inference/inference-service.ts";
import { inferenceRoute } from "../open-inference/rest-route.ts";
import { reflectionMethods } from "../reflection/grpc-methods.ts";
import { restRoute } from "../rest/route.ts";
import { VERSION } from "../version.ts";
import type { ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";

const HEALTH_PATH = /^\/v2\/health\/(?:live|ready)$/;

/** What a node answers on each of its ports. */
export interface NodeApi {
  readonly grpc: Pick<GrpcServerOptions, "methods" | "evidence">;
  readonly restRoutes: readonly HttpRoute[];
  /** Health alone: nothing in it comes from requests, and nothing can be changed by it. */
  readonly adminRoutes: readonly HttpRoute[];
}

/** Puts the APIs together that the options of a node ask for, over one handler core. */
export function createApi({ options, readiness, store, log }: StartContext, served: ServedModels): NodeApi {
  const { api, grpc, limits, loading, rest } = options;
  const { servables, sealed } = served;
  const handler = new ModelHandler(servables, { checkMethodName: api.checkSignatureMethodName });
  const health = new Health(readiness, store);
  const service = new InferenceService(handler, servables, VERSION);
  const inference = inferenceRoute({ service, health, limits });
  const reload = { models: served.configured, allowed: loading.allowReload, readCounter: () => undefined };
  const methods: GrpcMethods = new Map([
    ...servingMethods(handler, { asContent: api.outputsAsTensorContent }),
    ...reloadMethod(reload),
    ...inferenceMethods(service, health),
    ...(grpc.healthService ? healthMethods(health) : []),
  ]);
  return {
    grpc: {
      methods: grpc.reflection ? new Map([...methods, ...reflectionMethods(methods)]) : methods,
      ...(sealed === undefined ? {} : { evidence: sealed.evidence }),
    },
    restRoutes: [
      ...(sealed === undefined ? [] : [evidenceRoute({ issuer: sealed.evidence, limits, log })]),
      restRoute(handler, limits, rest),
      inference,
    ],
    adminRoutes: [(request) => (HEALTH_PATH.test(request.incoming.url ?? "") ? inference(request) : undefined)],
  };
}
