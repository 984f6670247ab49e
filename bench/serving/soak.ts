/**
 * A server at 70 % load for a long time: gRPC and REST in turn, while a version of 102 MB is replaced beside them in every
 * turn. What counts is that memory stays flat. `npm run bench:soak -- --minutes 60`. The short form of the tests has a rate
 * of its own and replaces a small model: `--minutes 2 --rate 40`.
 */
import { parseArgs } from "node:util";
import { printFigure, spread } from "../harness.ts";
import { growthPerMinute, type SoakPlan, soak } from "./soak-run.ts";

const SHARE = 0.7;
/** Share of the time until caches, pools and compiled code have their size, and its bounds in turns. */
const SETTLING = { share: 0.4, most: 3 } as const;

const { values } = parseArgs({ options: { minutes: { type: "string", default: "60" }, rate: { type: "string" } } });
const [minutes, rate] = [Number(values.minutes), Number(values.rate ?? 1)];
if (!(minutes > 0 && rate > 0)) {
  throw new Error("--minutes and --rate take a number above 0");
}

const plan: SoakPlan =
  values.rate === undefined
    ? { seconds: minutes * 60, turnSeconds: 10, load: { share: SHARE }, replaced: "residual", values: 3 }
    : { seconds: minutes * 60, turnSeconds: 2, load: { perSecond: rate }, replaced: "half_plus_two", values: 16_384 };
const { memory, rates, p99, sent, answered, failures } = await soak(plan);

const rss = memory.map(({ rssMiB }) => rssMiB);
const settling = Math.floor(SETTLING.share * memory.length);
const settled = memory.slice(values.rate === undefined ? Math.min(SETTLING.most, settling) : settling);
const half = Math.ceil(settled.length / 2);
printFigure({
  name: `Serving: ${minutes} minutes, a version replaced every ${2 * plan.turnSeconds} s`,
  ratio: Number((meanOf(settled.slice(-half)) / meanOf(settled.slice(0, half))).toPrecision(3)),
  ratioOf: "memory in the second half to memory in the first, after settling",
  growthMiBPerMinute: Number(growthPerMinute(settled).toPrecision(3)),
  versionsLoaded: memory.length,
  rssMiB: { ...spread(rss), first: Math.round(rss[0] ?? 0), last: Math.round(rss.at(-1) ?? 0) },
  requests: { sent, answered },
  ...(failures.length === 0 ? {} : { failures }),
  requestsPerSecond: rates.map(Math.round),
  p99Ms: spread(p99),
});

function meanOf(samples: readonly { readonly rssMiB: number }[]): number {
  return samples.reduce((sum, { rssMiB }) => sum + rssMiB, 0) / Math.max(1, samples.length);
}
