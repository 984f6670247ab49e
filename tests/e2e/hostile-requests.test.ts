/** Requests meant to harm a server: they are refused, its memory stays bounded, and others are served meanwhile. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import http2 from "node:http2";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import tls from "node:tls";
import { gzipSync } from "node:zlib";
import * as grpc from "@grpc/grpc-js";
import type { Running } from "./command.ts";
import { freePort, makeServerFolder, predictGrpc, rest, type ServerFolder } from "./model-server.ts";

const MIB = 2 ** 20;
const BODY = '{"instances": [1.0, 2.0, 5.0]}';
const PREDICT = "/v1/models/half:predict";
const CLASSIFY = "/v1/models/half:classify";
const FLAGS = [
  `--max-message-bytes=${32 * MIB}`,
  `--max-bytes-in-flight=${192 * MIB}`,
  "--max-elements=1000000",
  "--stall-timeout-seconds=3",
];
/** What the server may take beside the bytes in flight: its threads' heaps, and garbage that is not collected yet. */
const SLACK = 500 * MIB;
const PEAK = 192 * MIB + SLACK;
const PATIENCE = { timeout: 120_000 };

let folder: ServerFolder;
let ca: Buffer;
let server: Running;
let ports: { readonly grpc: number; readonly rest: number };

before(async () => {
  folder = await makeServerFolder();
  ca = await readFile(folder.at("tls", "ca.crt"));
  ports = { grpc: await freePort(), rest: await freePort() };
  const listen = [`--port=${ports.grpc}`, `--rest_api_port=${ports.rest}`];
  server = folder.start(`--ssl_config_file=${folder.at("ssl.cfg")}`, ...listen, ...FLAGS);
  await server.says("serving half");
  await askBoth();
});

after(async () => await folder.remove());

/** Resident bytes of the server. */
async function resident(): Promise<number> {
  const status = await readFile(`/proc/${server.process.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}

async function post(body: string, path = PREDICT): Promise<{ status: number; error: string }> {
  const { status, text } = await rest({ port: ports.rest, path, ca }, body);
  return { status, error: (JSON.parse(text) as { error?: string }).error ?? "" };
}

/** What others ask meanwhile. */
async function askBoth(): Promise<void> {
  assert.equal((await post(BODY)).status, 200);
  const credentials = grpc.credentials.createSsl(ca);
  assert.deepEqual(await predictGrpc(`localhost:${ports.grpc}`, credentials), [2.5, 3, 4.5]);
}

/** Runs an attack: the memory stays bounded and comes back, and others are served all the time. */
async function withstand(attack: () => Promise<void>): Promise<void> {
  const quiet = await resident();
  let peak = quiet;
  let served = 0;
  const over = new AbortController();
  const others = (async () => {
    while (!over.signal.aborted) {
      await askBoth();
      served++;
      peak = Math.max(peak, await resident());
      await pause(10);
    }
  })();
  await Promise.all([attack().finally(() => over.abort()), others]);
  assert.ok(served > 0);
  assert.ok(peak < quiet + PEAK, `${peak} bytes at most, ${quiet} before`);
  await askBoth();
  assert.equal(server.process.exitCode, null);
  const limit = Date.now() + 60_000;
  while ((await resident()) > quiet + SLACK && Date.now() < limit) {
    await pause(200);
  }
  assert.ok((await resident()) <= quiet + SLACK, "memory comes back");
}

/** A TLS connection, and how to reset it. */
interface Connection {
  readonly socket: tls.TLSSocket;
  readonly reset: () => void;
}

async function connect(port = ports.rest, protocol = "http/1.1"): Promise<Connection> {
  const raw = net.connect(port, "localhost").on("error", () => undefined);
  const socket = tls.connect({ socket: raw, servername: "localhost", ca, ALPNProtocols: [protocol] });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return { socket, reset: () => void raw.resetAndDestroy() };
}

function head(length: number): string {
  return `POST ${PREDICT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`;
}

test("a million open brackets, closed or not, in small bodies and in large ones", PATIENCE, async () => {
  const open = "[".repeat(1_000_000);
  const bodies = [
    `{"instances": ${open}`,
    `{"instances": ${open}${"]".repeat(1_000_000)}}`,
    `{"instances": [${"[".repeat(100_000)}`,
    `{"instances": ${'{"a":'.repeat(500_000)}`,
    open,
  ];
  await withstand(async () => {
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(bodies.map((body) => post(body)));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [400, 400, 400, 400, 400],
      );
    }
  });
});

test("two bytes of JSON for each object in memory", PATIENCE, async () => {
  const bodies = ["[],[[]],", '"",{},', "null,[],", "[0,[]],"].map(
    (unit) => `{"instances": [${unit.repeat(1_000_000)}1]}`,
  );
  await withstand(async () => {
    for (const { status, error } of await Promise.all(bodies.map((body) => post(body)))) {
      assert.equal(status, 429);
      assert.match(error, /values of the request take too much memory/);
    }
  });
});

test("numbers of two bytes, more than the server has memory for", PATIENCE, async () => {
  const body = `{"instances": [${"1,".repeat(15_000_000)}1]}`;
  await withstand(async () => {
    const answers = await Promise.all([post(body), post(body), post(body)]);
    for (const { status, error } of answers) {
      assert.equal(status, 429);
      assert.match(error, /too much (?:memory|data)/);
    }
  });
});

/** A message or text as a protobuf field of wire type 2. */
function field(number: number, content: Uint8Array): Buffer {
  const length = [];
  for (let left = content.length; ; left = Math.floor(left / 128)) {
    length.push(left < 128 ? left : (left % 128) | 128);
    if (left < 128) {
      return Buffer.concat([Buffer.from([number * 8 + 2, ...length]), content]);
    }
  }
}

/** Predict with one float, and a shape with dimensions of 10^9. */
function shapeBomb(rank: number): Buffer {
  const dimension = field(2, Buffer.from([0x08, 0x80, 0x94, 0xeb, 0xdc, 0x03]));
  const shape = field(2, Buffer.concat(Array.from({ length: rank }, () => dimension)));
  const tensor = Buffer.concat([Buffer.from([0x08, 1]), shape, field(5, Buffer.from([0, 0, 0x80, 0x3f]))]);
  const entry = Buffer.concat([field(1, Buffer.from("x")), field(2, tensor)]);
  return Buffer.concat([field(1, field(1, Buffer.from("half"))), field(2, entry)]);
}

/** The status of a Predict whose message is given as bytes. */
async function predictBytes(bytes: Buffer): Promise<grpc.status | undefined> {
  const client = new grpc.Client(`localhost:${ports.grpc}`, grpc.credentials.createSsl(ca));
  try {
    return await new Promise((resolve) => {
      const path = "/tensorflow.serving.PredictionService/Predict";
      client.makeUnaryRequest(
        path,
        () => bytes,
        (answer) => answer,
        undefined,
        (error) => resolve(error?.code),
      );
    });
  } finally {
    client.close();
  }
}

test("shapes of 10^9 elements and more, with one value", PATIENCE, async () => {
  await withstand(async () => {
    for (const rank of [1, 2, 3, 254, 255]) {
      assert.equal(await predictBytes(shapeBomb(rank)), grpc.status.INVALID_ARGUMENT, `rank ${rank}`);
    }
    const ragged = `{"instances": [${"[1],".repeat(200_000)}[1,2]]}`;
    assert.equal((await post(ragged)).status, 400);
  });
});

test("base64 that is large, broken or for a type that takes none", PATIENCE, async () => {
  const large = "A".repeat(8 * MIB);
  await withstand(async () => {
    for (const b64 of [large, `${large}!`, `${large}A`]) {
      assert.equal((await post(`{"instances": [{"b64": "${b64}"}]}`)).status, 400);
      assert.equal((await post(`{"examples": [{"x": {"b64": "${b64}"}}]}`, CLASSIFY)).status, 400);
    }
    const many = `{"examples": [{"x": [${'{"b64":""},'.repeat(600_000)}1]}]}`;
    assert.equal((await post(many, CLASSIFY)).status, 429);
  });
});

test("gzip that unpacks to more than it may", PATIENCE, async () => {
  const bomb = gzipSync(Buffer.alloc(200 * MIB, " "));
  await withstand(async () => {
    const { socket } = await connect();
    socket.write(head(bomb.length).replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n"));
    socket.write(bomb);
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 429 /);
    socket.destroy();
  });
});

test("large bodies that stop half way, more than the server has memory for", PATIENCE, async () => {
  const half = Buffer.alloc(8 * MIB, " ");
  await withstand(async () => {
    const answers = Array.from({ length: 40 }, async () => {
      const { socket } = await connect();
      const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      let text = "";
      socket.on("data", (chunk) => {
        text += String(chunk);
      });
      socket.write(head(2 * half.length));
      socket.write(half);
      await closed;
      return text.slice("HTTP/1.1 ".length, "HTTP/1.1 ".length + 3);
    });
    const statuses = new Set(await Promise.all(answers));
    assert.deepEqual([...statuses].sort(), ["429", "504"], "those that fit come too slowly, the others are refused");
  });
});

test("bodies that come byte by byte", PATIENCE, async () => {
  await withstand(async () => {
    const connections = await Promise.all(Array.from({ length: 100 }, () => connect()));
    for (const { socket } of connections) {
      socket.write(head(30 * MIB));
    }
    for (let sent = 0; sent < 50; sent++) {
      for (const { socket } of connections) {
        socket.write(" ");
      }
      await pause(20);
    }
    for (const { reset } of connections) {
      reset();
    }
  });
});

test("connections that are reset in the middle of a body", PATIENCE, async () => {
  const part = Buffer.alloc(MIB, " ");
  await withstand(async () => {
    for (let round = 0; round < 10; round++) {
      const connections = await Promise.all(Array.from({ length: 20 }, () => connect()));
      await Promise.all(
        connections.map(async ({ socket, reset }) => {
          socket.write(head(4 * MIB));
          await new Promise((sent) => socket.write(part, sent));
          reset();
        }),
      );
    }
  });
});

test("calls that are taken back as soon as they are made", PATIENCE, async () => {
  await withstand(async () => {
    const { socket } = await connect(ports.grpc, "h2");
    const session = http2.connect("https://localhost", { createConnection: () => socket });
    session.on("error", () => undefined);
    const path = "/tensorflow.serving.PredictionService/Predict";
    for (let made = 0; made < 5000 && !session.closed && !session.destroyed; made++) {
      const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
      stream.on("error", () => undefined);
      stream.close(http2.constants.NGHTTP2_CANCEL);
      if (made % 100 === 0) {
        await pause(0);
      }
    }
    session.destroy();
  });
});
