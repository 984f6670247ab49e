/**
 * A part of a core for each process: how throughput grows with processes can then be seen on a machine whose cores the load
 * generator would fill. By Linux's control groups, version 1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`) or 2 (`cpu.max`).
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Microseconds after which a process may run again. */
const PERIOD = 20_000;
const VERSION_1 = "/sys/fs/cgroup/cpu";
const VERSION_2 = "/sys/fs/cgroup";

/** Processes, each of which gets so much of a core until `lift`. */
export class CpuQuota {
  readonly #folders: string[] = [];

  /** @throws {Error} where this user may not make control groups */
  limit(process: number, cores: number): void {
    const version1 = existsSync(join(VERSION_1, "cgroup.procs"));
    const folder = join(version1 ? VERSION_1 : VERSION_2, `sealserve-bench-${process}`);
    mkdirSync(folder);
    this.#folders.push(folder);
    const quota = Math.round(cores * PERIOD);
    if (version1) {
      writeFileSync(join(folder, "cpu.cfs_period_us"), `${PERIOD}`);
      writeFileSync(join(folder, "cpu.cfs_quota_us"), `${quota}`);
    } else {
      writeFileSync(join(folder, "cpu.max"), `${quota} ${PERIOD}`);
    }
    writeFileSync(join(folder, "cgroup.procs"), `${process}`);
  }

  /** Gives the processes that still run back to the group above, and removes theirs. */
  lift(): void {
    for (const folder of this.#folders.splice(0)) {
      for (const process of readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean)) {
        writeFileSync(join(folder, "..", "cgroup.procs"), process);
      }
      rmdirSync(folder);
    }
  }
}
