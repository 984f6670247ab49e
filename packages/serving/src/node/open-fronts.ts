import { openGrpcServer } from "../grpc/server.ts";
import { openHttpServer } from "../http/server.ts";
import { observeProcess } from "../metrics/process-metrics.ts";
import { DecodeThread } from "../rest/decode/decode-thread.ts";
import type { Front } from "../transport/front.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { formatAddress } from "../transport/open-port.ts";
import { RequestRate } from "../transport/request-rate.ts";
import type { ChannelSecurity, TlsMaterial } from "../transport/tls.ts";
import { createApi } from "./api.ts";
import { openTracer } from "./open-tracer.ts";
import type { Readiness } from "./readiness.ts";
import type { ServedModels } from "./served-models.ts";
import type { StartContext } from "./start-context.ts";

/** The servers of a node that are open. */
export interface Fronts {
  /** `HOST:PORT` with the true port, or `unix:PATH`. */
  readonly grpcAddresses: readonly string[];
  /** `HOST:PORT` with the true port; undefined when REST is off. */
  readonly restAddress: string | undefined;
  /** `HOST:PORT` with the true port; undefined when there is no port for health and metrics alone. */
  readonly adminAddress: string | undefined;
  /** Gives all of them other TLS material. @throws NodeError */
  replaceTls(tls: TlsMaterial): void;
  /** Has all of them refuse handshakes until they are given other TLS material. */
  refuseTls(): void;
}

type AnyFront = Pick<Front, "close" | "connections" | "disconnect" | "refuseTls" | "replaceTls">;

/**
 * Opens the ports over the same models, evidence and memory budget. When the node stops, the port for health is the last to
 * close, so that it can still say so.
 *
 * @throws NodeError `tls-files-unusable`, `port-unavailable`
 */
export async function openFronts(context: StartContext, served: ServedModels): Promise<Fronts> {
  const { listen, limits, grpc } = context.options;
  const { tls } = served;
  const rate = limits.maxRequestsPerSecondPerAddress > 0 ? { rate: new RequestRate(limits) } : {};
  const tracer = await openTracer(context);
  const shared = { limits, budget: context.budget, log: context.log, tracer, ...rate };
  const { budget } = shared;
  const decoder = context.closers.add(new DecodeThread({ maxElements: limits.maxElements, budget, log: context.log }));
  const api = createApi(context, served, { budget, decoder });
  const adminTls = withoutClientCa(tls);
  const adminFront =
    listen.admin && (await openHttpServer(listen.admin, { ...shared, tls: adminTls, routes: api.adminRoutes }));
  if (adminFront !== undefined) {
    context.closers.add(adminFront);
  }
  const open = new Map<string, AnyFront>();
  context.closers.add({
    close: async () => void (await Promise.all(Array.from(open.values(), (front) => front.close()))),
  });
  observe(context, open, shared.budget);
  disconnectWhenUnready(context.readiness, open);
  const opened = async <F extends AnyFront>(name: string, opening: Promise<F>): Promise<F> => {
    const front = await opening;
    open.set(name, front);
    return front;
  };
  const grpcOptions = { ...shared, tls, ...api.grpc, maxConnectionAgeMs: grpc.maxConnectionAgeMs };
  const restOptions = { ...shared, tls, routes: api.restRoutes };
  const grpcFront = listen.grpc && (await opened("grpc", openGrpcServer(listen.grpc, grpcOptions)));
  const socket =
    listen.grpcSocket && (await opened("socket", openGrpcServer({ path: listen.grpcSocket }, grpcOptions)));
  const rest = listen.rest && (await opened("rest", openHttpServer(listen.rest, restOptions)));
  return {
    grpcAddresses: [grpcFront, socket].flatMap((front) => (front ? [formatAddress(front.address)] : [])),
    restAddress: rest && formatAddress(rest.address),
    adminAddress: adminFront && formatAddress(adminFront.address),
    replaceTls: (material) => {
      // All of these take it, or the first refuses it and nothing has changed.
      for (const front of open.values()) {
        front.replaceTls(material);
      }
      adminFront?.replaceTls({ ...material, clientCa: undefined });
    },
    refuseTls: () => {
      for (const front of [...open.values(), ...(adminFront === undefined ? [] : [adminFront])]) {
        front.refuseTls();
      }
    },
  };
}

/** Counts what the ports hold. */
function observe({ metrics, closers }: StartContext, open: ReadonlyMap<string, AnyFront>, budget: MemoryBudget): void {
  const stop = observeProcess(metrics.registry, {
    connections: () => new Map(Array.from(open, ([name, front]) => [name, front.connections()])),
    bytesInFlight: () => budget.held,
  });
  closers.add({ close: async () => stop() });
}

/** What was proven on a connection holds for a node that serves. */
function disconnectWhenUnready(readiness: Readiness, fronts: ReadonlyMap<string, AnyFront>): void {
  readiness.watch((state) => {
    if (state === "starting") {
      for (const front of fronts.values()) {
        front.disconnect();
      }
    }
  });
}

/** Those who ask for health have no certificate, and learn nothing that needs one. */
function withoutClientCa(tls: ChannelSecurity): ChannelSecurity {
  return tls === "plaintext" ? tls : { ...tls, clientCa: undefined };
}
