/** Requests per second and CPU for each: small and large ones, by gRPC and by REST, with real runs of models that cost little. */
import type { Tensor } from "@sealserve/protocol";
import { printFigure } from "../harness.ts";
import { peerModel } from "./bench-models.ts";
import { type H2loadReport, runH2load } from "./h2load.ts";
import type { LoadReport } from "./load-process.ts";
import { grpcBody, PREDICT } from "./predict-call.ts";
import type { ServerReport } from "./report.ts";
import { servePeerUnderLoad, serveUnderLoad, type UnderLoad } from "./under-load.ts";

const ROUNDS = 3;
const SECONDS = 4;
/** Share of the highest rate at which latencies are taken. */
const STEADY_SHARE = 0.7;
const IMAGE = [1, 224, 224, 3];
const DIGITS = 9;

interface Subject {
  readonly name: string;
  readonly model: "half_plus_two" | "touch";
  readonly protocol: "grpc" | "rest";
  readonly body: () => Uint8Array;
  readonly targets: Readonly<Record<string, number>>;
}

/** One figure for each kind of request, by name. */
export const requests: Readonly<Record<string, () => Promise<void>>> = {
  small: () =>
    measure({
      name: "half_plus_two, 3 floats over gRPC",
      model: "half_plus_two",
      protocol: "grpc",
      body: () => grpcBody("half_plus_two", "x", { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 5) }),
      targets: { perSecond: 15_000 },
    }),
  image: () =>
    measure({
      name: "602 KB of floats over gRPC, looked at once",
      model: "touch",
      protocol: "grpc",
      body: () => grpcBody("touch", "input", image()),
      targets: { perSecond: 750 },
    }),
  "rest-small": () =>
    measure({
      name: "half_plus_two, 3 floats over REST",
      model: "half_plus_two",
      protocol: "rest",
      body: () => Buffer.from('{"instances": [1.0, 2.0, 5.0]}'),
      targets: { perSecond: 13_000 },
    }),
  "rest-image": () =>
    measure({
      name: "1.9 MB of JSON numbers over REST, looked at once",
      model: "touch",
      protocol: "rest",
      body: () => Buffer.from(JSON.stringify({ instances: nest(image()) })),
      targets: { cpuMs: 9 },
    }),
};

async function measure({ name, model, protocol, body, targets }: Subject): Promise<void> {
  const path = protocol === "grpc" ? PREDICT : `/v1/models/${model}:predict`;
  const order = { protocol, path, body: body(), connections: 4, streams: 8, seconds: SECONDS } as const;
  const [ours, peer] = [await serveUnderLoad([model]), await servePeerUnderLoad(peerModel(model))];
  for (const server of [ours, peer]) {
    await server.load(order); // warm up
    await server.report();
  }
  const rounds: Round[] = [];
  const peerRounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    rounds.push(await measureRound(ours, order));
    peerRounds.push(await measureRound(peer, order));
  }
  const [best, bestOfPeer] = [rounds, peerRounds].map(fastest) as [Round, Round];
  const steadyRate = STEADY_SHARE * best.perSecond;
  const steady = await ours.load({ ...order, rate: steadyRate });
  const byH2load = await loadByH2load(ours, order, best.perSecond);
  const peerByH2load = await loadByH2load(peer, order, bestOfPeer.perSecond);
  const steadyByH2load = await loadByH2load(ours, order, best.perSecond, steadyRate);
  await ours.stop();
  await peer.stop();
  printFigure({
    name: `Serving: ${name}`,
    ratio: round3(best.perSecond / bestOfPeer.perSecond),
    ratioOf:
      "requests per second to those of grpc-js or node:https with protobufjs or JSON.parse and onnxruntime-node, best rounds",
    cpuRatio: round3(bestOfPeer.cpuMs / best.cpuMs),
    targets,
    best: roundAll(best),
    peer: roundAll(bestOfPeer),
    ...(byH2load === undefined || peerByH2load === undefined
      ? {}
      : {
          h2load: roundAll(byH2load),
          h2loadPeer: roundAll(peerByH2load),
          h2loadRatio: round3(byH2load.perSecond / peerByH2load.perSecond),
        }),
    perSecond: rounds.map(({ perSecond }) => Math.round(perSecond)),
    steadyAt70Percent: { ...roundAll(steady), p99ToP50: round3(steady.p99 / steady.p50) },
    ...(steadyByH2load === undefined
      ? {}
      : {
          // A client without pauses of its own, which would count as the server's.
          steadyByH2load: { ...roundAll(steadyByH2load), p99ToP50: round3(steadyByH2load.p99 / steadyByH2load.p50) },
        }),
  });
}

/** One round: how the requests fared, and what the server spent on each. */
type Round = LoadReport & ServerReport;

async function measureRound(server: UnderLoad, order: Parameters<UnderLoad["load"]>[0]): Promise<Round> {
  const load = await server.load(order);
  const report = await server.report();
  return { ...load, ...report, cpuMs: report.cpuMs / (load.perSecond * SECONDS) };
}

/**
 * The same load from a client that takes less of the processors; undefined where it is not installed.
 * @param ownRate requests per second of our own client
 * @param rate requests per second to send; undefined for as many as are answered
 */
async function loadByH2load(
  server: UnderLoad,
  order: Parameters<UnderLoad["load"]>[0],
  ownRate: number,
  rate?: number,
): Promise<(H2loadReport & ServerReport & { toOwnClient: number }) | undefined> {
  const { grpcPort, restPort, folder } = server;
  const port = order.protocol === "grpc" ? grpcPort : restPort;
  const count = Math.ceil((rate ?? ownRate) * SECONDS);
  await server.report();
  const seen = await runH2load({ ...order, port, folder, requests: count, ...(rate === undefined ? {} : { rate }) });
  const spent = await server.report();
  return seen && { ...seen, ...spent, cpuMs: spent.cpuMs / count, toOwnClient: seen.perSecond / ownRate };
}

function fastest(rounds: readonly Round[]): Round {
  return rounds.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
}

/** An image of pseudo-random values. */
function image(): Tensor {
  const data = Float32Array.from({ length: 224 * 224 * 3 }, (_, index) => Math.sin(index) * 1.234_567_9);
  return { dtype: "float32", shape: IMAGE, data };
}

/** Rows of pixels of channels, in as many digits as a 32-bit float has. */
function nest({ data }: Tensor): unknown {
  const numbers = [...(data as Float32Array)].map((value) => Number(value.toPrecision(DIGITS)));
  const cut = (list: readonly unknown[], size: number): unknown[] =>
    Array.from({ length: list.length / size }, (_, index) => list.slice(index * size, (index + 1) * size));
  return [cut(cut(numbers, 3), 224)];
}

function roundAll(values: object): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, round3(Number(value))]));
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
