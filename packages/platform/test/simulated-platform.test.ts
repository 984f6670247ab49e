import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseSgxQuote } from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { readMessageLine } from "../src/message-line.ts";
import { openSimulatedPlatform } from "../src/simulated-platform.ts";
import { decodePlatformRequest, encodePlatformResponse } from "../src/socket-messages.ts";

const directory = await mkdtemp(join(tmpdir(), "simulated-"));
after(() => rm(directory, { recursive: true }));

const vendor = await createVendor({ now: new Date() });
const quoteOver = (reportData: Uint8Array): Promise<Uint8Array> =>
  vendor.quote({ mrEnclave: "00".repeat(32), reportData });
const reportData = new Uint8Array(64).fill(7);

type Behaviour = (socket: Socket) => unknown;
let sockets = 0;

/** Runs a server that behaves in some way while `use` runs. */
async function withServer(behave: Behaviour, use: (socketPath: string) => Promise<void>): Promise<void> {
  const path = join(directory, `${sockets++}`);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    behave(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  try {
    await use(path);
  } finally {
    for (const socket of open) {
      socket.destroy();
    }
    server.close();
  }
}

/** Sends `text` as soon as a whole request is there; the probe of opening sends none. */
const answering =
  (text: string | Uint8Array, then: (socket: Socket) => void = (socket) => socket.end()): Behaviour =>
  (socket) =>
    readMessageLine(socket, { timeoutMs: 5000 }).then(
      () => socket.write(text, () => then(socket)),
      () => socket.destroy(),
    );

const proper: Behaviour = (socket) =>
  readMessageLine(socket, { timeoutMs: 5000 }).then(
    async (line) => {
      const asked = decodePlatformRequest(line).quote.reportData;
      socket.end(encodePlatformResponse({ quote: await quoteOver(asked) }));
    },
    () => socket.destroy(),
  );

async function refusedWith(behave: Behaviour, expected: object, timeoutMs = 5000): Promise<void> {
  await withServer(behave, async (path) => {
    const platform = await openSimulatedPlatform(path, { timeoutMs });
    await assert.rejects(platform.quote(reportData), { name: "PlatformError", ...expected });
  });
}

describe("simulated platform", () => {
  it("gets quotes over a socket and says that they are simulated", async () => {
    await withServer(proper, async (path) => {
      const platform = await openSimulatedPlatform(path);
      assert.equal(platform.simulated, true);
      assert.match(platform.name, /simulated.*NOT SECURE/);
      assert.deepEqual(parseSgxQuote(await platform.quote(reportData)).report.reportData, reportData);
      const both = await Promise.all([platform.quote(new Uint8Array(64)), platform.quote(reportData)]);
      assert.deepEqual(
        both.map((quote) => parseSgxQuote(quote).report.reportData[0]),
        [0, 7],
      );
      await platform.close();
    });
  });

  it("accepts an answer that comes byte by byte", async () => {
    const line = Buffer.from(encodePlatformResponse({ quote: await quoteOver(reportData) }));
    const slowly = answering(line.subarray(0, 1), (socket) => {
      for (const byte of line.subarray(1)) {
        socket.write(Uint8Array.of(byte));
      }
    });
    await withServer(slowly, async (path) => {
      const platform = await openSimulatedPlatform(path);
      assert.equal((await platform.quote(reportData)).length, (await quoteOver(reportData)).length);
    });
  });

  it("says so when no socket is there", async () => {
    await assert.rejects(openSimulatedPlatform(join(directory, "missing")), {
      code: "platform-unreachable",
      actual: "ENOENT",
    });
  });

  it("says so when nobody listens any more", async () => {
    await withServer(proper, async (path) => {
      const platform = await openSimulatedPlatform(path);
      await rm(path);
      await assert.rejects(platform.quote(reportData), { code: "platform-unreachable" });
    });
  });

  it("hands on a refusal with its reason", async () => {
    const line = encodePlatformResponse({ error: { code: "no-quote", message: "not today" } });
    await refusedWith(answering(line), { code: "platform-refused", actual: "no-quote", message: /not today/ });
  });

  it("refuses when the server closes without an answer", async () => {
    await refusedWith(answering(""), { code: "platform-unreachable" });
    await refusedWith((socket) => socket.end(), { code: "platform-unreachable" });
    await refusedWith((socket) => socket.destroy(), { code: "platform-unreachable" });
  });

  it("refuses half an answer", async () => {
    const line = encodePlatformResponse({ quote: await quoteOver(reportData) });
    await refusedWith(answering(line.slice(0, -1)), { code: "platform-unreachable" });
  });

  it("does not wait for ever", async () => {
    await refusedWith(() => undefined, { code: "platform-unreachable" }, 50);
  });

  it("refuses an answer that never ends", async () => {
    await refusedWith(
      answering("x".repeat(70_000), () => undefined),
      { code: "message-too-long" },
    );
  });

  it("refuses garbage", async () => {
    await refusedWith(answering("HTTP/1.1 200 OK\n"), { code: "bad-message" });
    await refusedWith(answering(Uint8Array.of(0xff, 0xfe, 0x0a)), { code: "bad-message" });
    await refusedWith(answering("\n"), { code: "bad-message" });
  });

  it("refuses bytes behind the answer", async () => {
    const line = encodePlatformResponse({ quote: await quoteOver(reportData) });
    await refusedWith(answering(`${line}${line}`), { code: "bad-message" });
  });

  it("refuses an answer that is no quote", async () => {
    const line = encodePlatformResponse({ quote: new Uint8Array(600) });
    await refusedWith(answering(line), { code: "quote-malformed" });
  });

  it("refuses a quote over other report data", async () => {
    const line = encodePlatformResponse({ quote: await quoteOver(new Uint8Array(64)) });
    await refusedWith(answering(line), { code: "quote-not-for-report-data" });
  });

  for (const length of [0, 63, 65]) {
    it(`refuses ${length} bytes of report data before asking`, async () => {
      await withServer(proper, async (path) => {
        const platform = await openSimulatedPlatform(path);
        await assert.rejects(platform.quote(new Uint8Array(length)), { code: "bad-report-data" });
      });
    });
  }

  it("refuses quotes after it was closed, and ends those under way", async () => {
    await withServer(
      () => undefined,
      async (path) => {
        const platform = await openSimulatedPlatform(path);
        const underWay = assert.rejects(platform.quote(reportData), { code: "platform-unreachable" });
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
        await platform.close();
        await underWay;
        await assert.rejects(platform.quote(reportData), { code: "platform-closed" });
      },
    );
  });
});
