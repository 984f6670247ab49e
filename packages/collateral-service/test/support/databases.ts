import { execFileSync, spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SqlDatabase } from "../../src/sql/database.ts";
import { openPostgres } from "../../src/sql/postgres.ts";
import type { Migration } from "../../src/sql/schema.ts";
import { openSqlite } from "../../src/sql/sqlite.ts";

/** A database of one kind, started for a test. */
export interface TestDatabase {
  /** Opens one more connection to the same database, as another process would. @param steps of a version to come */
  open(steps?: readonly Migration[]): Promise<SqlDatabase>;
  /** Where it is: a file, or a URL. */
  readonly location: string;
  stop(): Promise<void>;
}

/** Kinds of databases that can be started here, by name; undefined with the reason where one cannot. */
export const databases: Readonly<
  Record<string, { readonly skip: string | false; readonly start: () => Promise<TestDatabase> }>
> = {
  SQLite: { skip: false, start: startSqlite },
  PostgreSQL: { skip: findServer() === undefined ? "no PostgreSQL server is installed" : false, start: startPostgres },
};

async function startSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "collateral-"));
  const location = join(folder, "collateral.db");
  return { location, open: (steps) => openSqlite(location, steps), stop: () => rm(folder, { recursive: true }) };
}

/** Folder of the newest server that is installed: Debian keeps its programs out of the search path. */
function findServer(): string | undefined {
  const folders = globSync("/usr/lib/postgresql/*/bin").sort();
  return [...folders, "/usr/local/bin"].findLast((folder) => existsSync(join(folder, "initdb")));
}

/** A server of its own over a Unix socket in a new folder. The server refuses to run as root, so root lends it to `postgres`. */
async function startPostgres(): Promise<TestDatabase> {
  const programs = findServer() as string;
  const folder = await mkdtemp(join(tmpdir(), "collateral-pg-"));
  const isRoot = userInfo().uid === 0;
  const as = (program: string): [string, string[]] =>
    isRoot ? ["setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program]] : [program, []];
  if (isRoot) {
    execFileSync("chown", ["postgres:postgres", folder]);
  }
  const [initdb, initdbArgs] = as(join(programs, "initdb"));
  const data = join(folder, "data");
  execFileSync(initdb, [...initdbArgs, "-D", data, "-U", "test", "--auth=trust", "--no-sync"], {
    stdio: "pipe",
    cwd: folder,
  });
  const [postgres, postgresArgs] = as(join(programs, "postgres"));
  const settings = ["-c", "listen_addresses=", "-c", `unix_socket_directories=${folder}`, "-c", "fsync=off"];
  const server = spawn(postgres, [...postgresArgs, "-D", data, ...settings], {
    stdio: ["ignore", "ignore", "pipe"],
    cwd: folder,
  });
  await readiness(server.stderr);
  const location = `postgresql://test@/postgres?host=${encodeURIComponent(folder)}`;
  return {
    location,
    open: (steps) => openPostgres(location, undefined, steps),
    stop: async () => {
      const exited = new Promise((resolve) => void server.once("exit", resolve));
      server.kill("SIGINT");
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

function readiness(log: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    log.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("ready to accept connections")) {
        resolve();
      }
    });
    log.on("end", () => reject(new Error(`PostgreSQL did not start: ${text}`)));
  });
}
