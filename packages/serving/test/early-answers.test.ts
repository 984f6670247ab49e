import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { ServingError } from "@sealserve/protocol";
import type { HttpAnswer, HttpRequest, HttpRoute } from "../src/http/route.ts";
import { type HttpServerOptions, openHttpServer } from "../src/http/server.ts";
import type { Front } from "../src/transport/front.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { quickLimits } from "./support/quick-limits.ts";

const LIMIT = 1 << 20;
const PATIENCE = { timeout: 20_000 };
const limits = quickLimits({ maxMessageBytes: LIMIT, maxBytesInFlight: 2 * LIMIT, stallTimeoutMs: 200 });

/** `/read` receives its body and says how long it was, `/away` refuses without reading; all else is not found. */
const route: HttpRoute = (request) => {
  const { url } = request.incoming;
  if (url === "/away") {
    return Promise.reject(new ServingError("UNAVAILABLE", "away"));
  }
  return url === "/read" ? answerLength(request) : undefined;
};

async function answerLength(request: HttpRequest): Promise<HttpAnswer> {
  const { length } = await request.receive();
  return { status: 200, body: Buffer.from(`${length}`) };
}

let front: Front;
const budget = new MemoryBudget(limits.maxBytesInFlight);

async function open(options: Partial<HttpServerOptions> = {}): Promise<Front> {
  const own = { tls: "plaintext", routes: [route], limits, budget, log: () => undefined } as const;
  return await openHttpServer({ host: "127.0.0.1", port: 0 }, { ...own, ...options });
}

before(async () => {
  front = await open();
});

after(() => front.close());

function speak(to = front): Socket {
  return connect(to.address.port, to.address.host)
    .on("error", () => undefined)
    .setEncoding("utf8");
}

function head(path: string, framing: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`;
}

function ofLength(length: number): string {
  return `Content-Length: ${length}`;
}

/** The next answer on a connection: its status, what it says of the connection, and its body. */
async function answerOn(socket: Socket): Promise<[status: number, connection: string, body: string]> {
  const ended = once(socket, "close").then(() => assert.fail("the connection ended without an answer"));
  ended.catch(() => undefined);
  let text = "";
  for (;;) {
    const found = /^HTTP\/1\.1 (\d+).*\r\nconnection: (\S+).*\r\n\r\n(.*)$/is.exec(text);
    const length = /content-length: (\d+)/i.exec(text)?.[1];
    if (found?.[3]?.length === Number(length)) {
      return [Number(found[1]), found[2] ?? "", found[3] ?? ""];
    }
    const [chunk] = await Promise.race([once(socket, "data"), ended]);
    text += chunk;
  }
}

const refusals = [
  ["/away", 503],
  ["/elsewhere", 404],
] as const;

for (const [path, status] of refusals) {
  test(`${status} before the body came leaves the connection as it is`, PATIENCE, async () => {
    const socket = speak();
    for (let asked = 0; asked < 3; asked++) {
      socket.write(head(path, ofLength(4)));
      const [found, connection] = await answerOn(socket);
      assert.deepEqual([found, connection], [status, "keep-alive"]);
      socket.write("body");
    }
    socket.write(`${head("/read", ofLength(4))}body`);
    assert.deepEqual(await answerOn(socket), [200, "keep-alive", "4"]);
    socket.destroy();
  });

  test(`${status} reaches a client that first sends all of a large body`, PATIENCE, async () => {
    for (let tries = 0; tries < 10; tries++) {
      const socket = speak();
      socket.write(head(path, ofLength(LIMIT)));
      socket.write("x".repeat(LIMIT / 2));
      // Time enough for an answer, and for a connection that is closed with it to be reset.
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.write("x".repeat(LIMIT / 2));
      const [found, connection] = await answerOn(socket);
      assert.deepEqual([found, connection], [status, "close"]);
      await once(socket, "close");
      assert.equal(socket.errored, null, "the connection ends, and is not reset");
    }
  });
}

test("a server that is full tells so, and the connection can be used when it is not", PATIENCE, async () => {
  budget.reserve(limits.maxBytesInFlight);
  const socket = speak();
  socket.write(`${head("/read", ofLength(100_000))}${"x".repeat(100_000)}`);
  assert.deepEqual((await answerOn(socket)).slice(0, 2), [429, "keep-alive"]);
  budget.release(limits.maxBytesInFlight);
  socket.write(`${head("/read", ofLength(4))}body`);
  assert.deepEqual(await answerOn(socket), [200, "keep-alive", "4"]);
  socket.destroy();
  assert.equal(budget.held, 0);
});

test("a connection whose body is refused and does not come is closed", PATIENCE, async () => {
  for (const framing of [ofLength(4), "Transfer-Encoding: chunked"]) {
    const socket = speak();
    socket.write(head("/away", framing));
    assert.equal((await answerOn(socket))[0], 503);
    await once(socket, "close");
  }
});

test("no more than the largest message is taken after a refusal", PATIENCE, async () => {
  const socket = speak();
  socket.write(head("/away", "Transfer-Encoding: chunked"));
  assert.deepEqual((await answerOn(socket)).slice(0, 2), [503, "close"]);
  const piece = "x".repeat(1 << 16);
  let sent = 0;
  const pour = (): void => {
    while (socket.writable && socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)) {
      sent += piece.length;
    }
  };
  socket.on("drain", pour);
  pour();
  await new Promise((resolve) => socket.once("close", resolve));
  assert.ok(sent < 16 * LIMIT, `${sent} bytes were taken`);
  assert.equal(budget.held, 0);
});

test("what follows a refused body in one packet is answered in its turn", PATIENCE, async () => {
  const socket = speak();
  const large = "x".repeat(LIMIT + 1);
  socket.write(`${head("/read", ofLength(4))}body${head("/elsewhere", ofLength(3))}no!${head("/read", ofLength(2))}ok`);
  socket.write(`${head("/read", ofLength(large.length))}${large}`);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await once(socket, "close");
  const statuses = Array.from(text.matchAll(/HTTP\/1\.1 (\d+)/g), ([, status]) => status);
  assert.deepEqual(statuses, ["200", "404", "200", "429"]);
});
