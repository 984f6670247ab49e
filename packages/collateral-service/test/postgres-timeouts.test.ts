/** A PostgreSQL server, or a replica in a transaction, that never goes on does not hold the service up for ever. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { openPostgres } from "../src/sql/postgres.ts";
import { databases } from "./support/databases.ts";

const { skip, start } = databases["PostgreSQL"] as (typeof databases)[string];
/** Without what is tested here, these would wait for ever. */
const SOON = { timeout: 60_000 };

describe("a database that does not go on", SOON, () => {
  test("has statements, and transactions in which nothing happens, end after a time", { skip }, async () => {
    const database = await start();
    const opened = await database.open();
    const setting = async (name: string): Promise<unknown> =>
      await opened.read(async (connection) => (await connection.query(`SHOW ${name}`))[0]?.[name]);
    assert.equal(await setting("statement_timeout"), "2min");
    assert.equal(await setting("idle_in_transaction_session_timeout"), "1min");
    await opened.close();
    await database.stop();
  });

  test("is given up when it takes the connection and says nothing", { timeout: 5000 }, async (t) => {
    const silent = createServer();
    const port = await listening(t, silent);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const opening = assert.rejects(openPostgres(`postgresql://test@127.0.0.1:${port}/postgres`), {
      code: "database-unavailable",
    });
    await once(silent, "connection");
    t.mock.timers.tick(10_000);
    await opening;
  });

  test("is given up when it stops in its work, and used again when it is back", { skip, ...SOON }, async (t) => {
    const database = await start();
    t.after(() => database.stop());
    const folder = new URL(database.location.replace("postgresql://test@/", "http://h/")).searchParams.get("host");
    const between = new Set<Socket>();
    const proxy = createServer((socket) => {
      const server = connect(`${folder}/.s.PGSQL.5432`).on("error", () => socket.destroy());
      between.add(server);
      server.on("close", () => between.delete(server));
      socket.on("error", () => server.destroy()).on("close", () => server.destroy());
      socket.pipe(server).pipe(socket);
    });
    const port = await listening(t, proxy);
    const opened = await openPostgres(`postgresql://test@127.0.0.1:${port}/postgres`);
    t.after(() => opened.close());
    assert.equal(await opened.generation(), 1);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    for (const server of between) {
      server.pause();
    }
    const looking = assert.rejects(opened.generation(), { code: "database-unavailable" });
    await new Promise((resolve) => void setImmediate(resolve));
    t.mock.timers.tick(30_000);
    await looking;
    t.mock.timers.reset();
    assert.equal(await opened.generation(), 1);
  });

  test("is told apart from work that fails: a client asks again", { skip, ...SOON }, async (t) => {
    const database = await start();
    t.after(() => database.stop());
    const opened = await database.open();
    t.after(() => opened.close());
    const ending = opened.read((connection) => connection.query("SELECT pg_terminate_backend(pg_backend_pid())"));
    await assert.rejects(ending, { code: "database-unavailable" });
    const slow = opened.write(async (connection) => {
      await connection.query("SET LOCAL statement_timeout = 50");
      await connection.query("SELECT pg_sleep(10)");
    });
    await assert.rejects(slow, { code: "database-unavailable" });
    const wrong = opened.read((connection) => connection.query("SELECT nonsense"));
    await assert.rejects(wrong, { code: "42703" });
  });
});

/** Has a server listen for as long as a test runs. @returns its port */
async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket.on("error", () => undefined));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  return (server.address() as AddressInfo).port;
}
