// Processes that share one file get in each other's way only for moments.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readlinkSync, renameSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openSqlite } from "../src/sql/sqlite.ts";

async function newFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "collateral-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "collateral.db");
}

test("processes that make the same file at one time all can use it", async (t) => {
  const file = await newFile(t);
  const processes = Array.from({ length: 8 }, () => fork(join(import.meta.dirname, "support/open-sqlite.ts"), [file]));
  const codes = await Promise.all(processes.map(async (process) => (await once(process, "exit"))[0]));
  assert.deepEqual(
    codes,
    Array.from({ length: 8 }, () => 0),
  );
});

test("a file that another process has for itself is waited for", async (t) => {
  const file = await newFile(t);
  await (await openSqlite(file)).close();
  const holder = new DatabaseSync(file);
  holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT");
  const [opened] = await Promise.all([openSqlite(file), setTimeout(50).then(() => holder.close())]);
  assert.equal(await opened.generation(), 2);
  await opened.close();
});

const NO_LIST = existsSync("/proc/self/fd") ? false : "which files are open is told by Linux alone";

/** Files below a folder that this process has open. */
function openBelow(folder: string): string[] {
  const opened = readdirSync("/proc/self/fd").map((name) => {
    const link = join("/proc/self/fd", name);
    return existsSync(link) ? readlinkSync(link) : ""; // the listing's own is closed by now
  });
  return opened.filter((file) => file.startsWith(folder));
}

test("a file that is no database is not kept open", { skip: NO_LIST }, async (t) => {
  const file = await newFile(t);
  await writeFile(file, "no database, but long enough for the header of one".repeat(20));
  await assert.rejects(openSqlite(file), { code: "database-unavailable" });
  assert.deepEqual(openBelow(dirname(file)), []);
});

test("a file that can be opened once only is not kept open", { skip: NO_LIST }, async (t) => {
  const file = await newFile(t);
  const folder = dirname(file);
  await writeFile(join(folder, "other"), "no database, but long enough for the header of one".repeat(20));
  await symlink("good.db", file);
  await symlink("other", join(folder, "next"));
  const opening = openSqlite(file); // for writing at once, and for reading later
  renameSync(join(folder, "next"), file);
  await assert.rejects(opening, { code: "database-unavailable" });
  assert.ok(existsSync(join(folder, "good.db")));
  assert.deepEqual(openBelow(folder), []);
});

test("what goes wrong in a transaction is told, also where the database has ended it by itself", async (t) => {
  const opened = await openSqlite(await newFile(t));
  const ended = opened.write(async (connection) => {
    await connection.query("ROLLBACK"); // as the database does when the disk is full
    throw new Error("the disk is full");
  });
  await assert.rejects(ended, /the disk is full/);
  await opened.write(async (connection) => await connection.query("SELECT 1"));
  await opened.close();
});
