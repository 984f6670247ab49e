import type { ServeConfig } from "../config/serve-config.ts";
import type { Handler } from "../core/handler.ts";
import { evidenceRoute } from "../evidence/http-route.ts";
import type { EvidenceIssuer } from "../evidence/issuer.ts";
import { servingMethods } from "../grpc/methods.ts";
import { openGrpcServer } from "../grpc/server.ts";
import { openHttpServer } from "../http/server.ts";
import type { Log } from "../log.ts";
import { restRoute } from "../rest/route.ts";
import type { Front } from "../transport/front.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { MemoryBudget } from "../transport/memory-budget.ts";
import type { TlsIdentity } from "../transport/tls.ts";
import type { Closers } from "./closers.ts";

/** The two servers of a node. */
export interface Fronts {
  readonly grpc: Front;
  readonly rest: Front;
}

/** What {@link openFronts} needs. */
export interface FrontOptions {
  readonly listen: ServeConfig["listen"];
  readonly tls: TlsIdentity;
  readonly handler: Handler;
  readonly evidence: EvidenceIssuer;
  readonly limits: ServingLimits;
  readonly log: Log;
  readonly closers: Closers;
}

/**
 * Opens both ports over the same model, evidence and memory budget.
 *
 * @throws NodeError `tls-files-unusable`, `port-unavailable`
 */
export async function openFronts(options: FrontOptions): Promise<Fronts> {
  const { closers, evidence, handler, limits, listen, log } = options;
  const shared = { ...options, budget: new MemoryBudget(limits.maxBytesInFlight) };
  const grpcOptions = { ...shared, methods: servingMethods(handler) };
  const grpc = await openGrpcServer(listen.grpc, grpcOptions);
  const routes = [evidenceRoute({ issuer: evidence, limits, log }), restRoute(handler, limits)];
  const rest = await openHttpServer(listen.rest, { ...shared, routes }).catch(async (error: unknown) => {
    await grpc.close();
    throw error;
  });
  closers.add({ close: async () => void (await Promise.all([grpc.close(), rest.close()])) });
  return { grpc, rest };
}
