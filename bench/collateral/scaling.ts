/**
 * How throughput grows with a second worker, where each process has the same small part of a core: the load generator then
 * finds the rest of the machine free, however few cores it has.
 */
import type { CollateralProcess } from "../../tests/support/collateral-process.ts";
import { CpuQuota } from "../cpu-quota.ts";
import { spread } from "../harness.ts";
import {
  type Load,
  load,
  OPERATIONS,
  type Operation,
  processesOf,
  startService,
  stopService,
  warmUp,
} from "./service-load.ts";

/** Part of a core for each process. */
export const CORES_EACH = 0.25;
/** Rounds of one worker and then two: what the machine does beside it changes from one to the next. */
const ROUNDS = 5;

/** What one operation gave. */
export interface Scaling {
  /** Throughput of two workers to that of one in the same round. */
  readonly gain: { readonly minimum: number; readonly median: number; readonly maximum: number };
  readonly oneProcess: readonly Load[];
  readonly twoWorkers: readonly Load[];
}

/** @returns undefined where this user may not limit processes */
export async function measureScaling(seconds: number): Promise<Record<Operation, Scaling> | undefined> {
  const [one, two] = [await startService(1), await startService(2)];
  const quota = new CpuQuota();
  try {
    for (const id of [one, two].flatMap(processesOf)) {
      quota.limit(id, CORES_EACH);
    }
    const found: Partial<Record<Operation, Scaling>> = {};
    for (const operation of OPERATIONS) {
      found[operation] = await compare(one, two, operation, seconds);
    }
    return found as Record<Operation, Scaling>;
  } catch (error) {
    if (isForbidden(error)) {
      return undefined;
    }
    throw error;
  } finally {
    quota.lift();
    await Promise.all([one, two].map(stopService));
  }
}

async function compare(
  one: CollateralProcess,
  two: CollateralProcess,
  operation: Operation,
  seconds: number,
): Promise<Scaling> {
  await warmUp(one, operation);
  await warmUp(two, operation);
  const [oneProcess, twoWorkers]: [Load[], Load[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    oneProcess.push(await load(one, operation, seconds));
    twoWorkers.push(await load(two, operation, seconds));
  }
  const gains = twoWorkers.map(({ perSecond }, round) => perSecond / (oneProcess[round] as Load).perSecond);
  return { gain: spread(gains), oneProcess, twoWorkers };
}

function isForbidden(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["EACCES", "EROFS", "ENOENT", "EPERM"].includes(String(error.code))
  );
}
