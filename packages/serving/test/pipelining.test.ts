import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import type { HttpRoute } from "../src/http/route.ts";
import { openHttpServer } from "../src/http/server.ts";
import type { Front } from "../src/transport/front.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { quickLimits } from "./support/quick-limits.ts";

const REQUEST = "GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LAST_REQUEST = REQUEST.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
const LIMIT = 4;
const ABOVE = 16;

let front: Front;
let held: PromiseWithResolvers<void>;
let atLimit: PromiseWithResolvers<void>;
let started: number;

const heldRoute: HttpRoute = async () => {
  started++;
  if (started === LIMIT) {
    atLimit.resolve();
  }
  await held.promise;
  return { status: 200, body: new Uint8Array() };
};

/** Sends requests one behind the other, and lets those that the server began end. */
async function sendTogether(socket: Socket, requests: string): Promise<void> {
  socket.write(requests);
  await atLimit.promise;
  await turn(); // what came in the same packet as the last one that fits
  held.resolve();
}

function statusesIn(text: string): string[] {
  return Array.from(text.matchAll(/^HTTP\/1\.1 (\d+)/gm), ([, status = ""]) => status);
}

before(async () => {
  const limits = quickLimits({ maxStreamsPerConnection: LIMIT });
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const options = { tls: "plaintext", routes: [heldRoute], limits, budget, log: () => undefined } as const;
  front = await openHttpServer({ host: "127.0.0.1", port: 0 }, options);
});

beforeEach(() => {
  held = Promise.withResolvers();
  atLimit = Promise.withResolvers();
  started = 0;
});

after(() => front.close());

test("requests behind each other above the limit of a connection are refused", {
  timeout: 10_000,
}, async () => {
  const socket = connect(front.address.port, front.address.host).setEncoding("utf8");
  await sendTogether(socket, REQUEST.repeat(LIMIT + ABOVE - 1) + LAST_REQUEST);
  const statuses = statusesIn((await socket.toArray()).join(""));
  assert.equal(started, LIMIT);
  assert.deepEqual(statuses.slice(0, LIMIT), Array(LIMIT).fill("200"));
  assert.deepEqual([...new Set(statuses.slice(LIMIT))], ["429"]);
});

test("a connection whose requests are answered may send as many again", { timeout: 10_000 }, async () => {
  const socket = connect(front.address.port, front.address.host).setEncoding("utf8");
  await sendTogether(socket, REQUEST.repeat(LIMIT));
  let text = "";
  for (const total of [LIMIT, 2 * LIMIT]) {
    while (statusesIn(text).length < total) {
      const [chunk] = await once(socket, "data");
      text += chunk;
    }
    socket.write(REQUEST.repeat(LIMIT));
  }
  socket.destroy();
  assert.deepEqual([...new Set(statusesIn(text))], ["200"]);
});

test("a request behind a large answer may run longer than that answer may stall", { timeout: 10_000 }, async () => {
  const stallTimeoutMs = 100;
  const route: HttpRoute = async ({ incoming }) => {
    if (incoming.url === "/long") {
      await delay(4 * stallTimeoutMs);
    }
    return { status: 200, body: new Uint8Array(incoming.url === "/large" ? 1 << 15 : 1) };
  };
  const limits = quickLimits({ stallTimeoutMs });
  const budget = new MemoryBudget(limits.maxBytesInFlight);
  const options = { tls: "plaintext", routes: [route], limits, budget, log: () => undefined } as const;
  const server = await openHttpServer({ host: "127.0.0.1", port: 0 }, options);
  const socket = connect(server.address.port, server.address.host).setEncoding("latin1");
  socket.write(REQUEST.replace("/held", "/large") + LAST_REQUEST.replace("/held", "/long"));
  const text = (await socket.toArray()).join("");
  await server.close();
  assert.equal(text.split("HTTP/1.1 200").length - 1, 2);
});
