/** A PostgreSQL server, or a replica in a transaction, that never goes on does not hold the service up for ever. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { openPostgres } from "../src/sql/postgres.ts";
import { databases } from "./support/databases.ts";

const { skip, start } = databases["PostgreSQL"] as (typeof databases)[string];

test("statements, and transactions in which nothing happens, end after a time", { skip }, async () => {
  const database = await start();
  const opened = await database.open();
  const setting = async (name: string): Promise<unknown> =>
    await opened.read(async (connection) => (await connection.query(`SHOW ${name}`))[0]?.[name]);
  assert.equal(await setting("statement_timeout"), "2min");
  assert.equal(await setting("idle_in_transaction_session_timeout"), "1min");
  await opened.close();
  await database.stop();
});

test("a server that takes the connection and says nothing is given up", async (t) => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined))).listen(
    0,
    "127.0.0.1",
  );
  await once(silent, "listening");
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { port } = silent.address() as AddressInfo;
  const opening = assert.rejects(openPostgres(`postgresql://test@127.0.0.1:${port}/postgres`), {
    code: "database-unavailable",
  });
  await once(silent, "connection");
  t.mock.timers.tick(10_000);
  await opening;
  for (const socket of sockets) {
    socket.destroy();
  }
  silent.close();
});
