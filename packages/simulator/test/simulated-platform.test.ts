import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseSgxQuote } from "@sealserve/attestation";
import { encodeHex } from "@sealserve/core";
import { decodePlatformResponse, openSimulatedPlatform } from "@sealserve/platform";
import {
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
  startSimulatedPlatform,
} from "../src/platform/simulated-platform.ts";
import { measureProgram } from "../src/program/measure-program.ts";

const base = await mkdtemp(join(tmpdir(), "platform-"));
after(() => rm(base, { recursive: true, force: true }));

const programDirectory = join(base, "program");
await mkdir(programDirectory);
await writeFile(join(programDirectory, "main.js"), "serve()");
const { mrEnclave } = await measureProgram(programDirectory);

const reportData = new Uint8Array(64).fill(3);
let platforms = 0;

async function optionsFor(overrides: Partial<SimulatedPlatformOptions> = {}): Promise<SimulatedPlatformOptions> {
  const folder = join(base, `${platforms++}`);
  await mkdir(folder);
  return { stateDirectory: join(base, "state"), socketPath: join(folder, "socket"), programDirectory, ...overrides };
}

async function withPlatform(
  use: (platform: SimulatedPlatform) => Promise<void>,
  overrides?: Partial<SimulatedPlatformOptions>,
): Promise<void> {
  const platform = await startSimulatedPlatform(await optionsFor(overrides));
  try {
    await use(platform);
  } finally {
    await platform.close();
  }
}

async function quoteOf(socketPath: string) {
  const client = await openSimulatedPlatform(socketPath);
  return parseSgxQuote(await client.quote(reportData)).report;
}

/** What the platform answers to raw bytes. */
async function answerTo(socketPath: string, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(socketPath);
  socket.write(bytes);
  let answer = "";
  for await (const chunk of socket) {
    answer += String(chunk);
  }
  return answer;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

describe("simulated platform process", () => {
  it("answers quotes about the program it measured", async () => {
    await withPlatform(
      async (platform) => {
        assert.equal(platform.simulated, true);
        assert.equal(platform.measurement.mrEnclave, mrEnclave);
        assert.equal(platform.pccsUrl, undefined);
        const report = await quoteOf(platform.socketPath);
        assert.equal(encodeHex(report.mrEnclave), mrEnclave);
        assert.equal(encodeHex(report.mrSigner), "5a".repeat(32));
        assert.deepEqual(report.reportData, reportData);
      },
      { mrSigner: "5a".repeat(32) },
    );
  });

  it("measures once: a program changed later does not change the quote", async () => {
    const changing = join(base, "changing");
    await mkdir(changing);
    await writeFile(join(changing, "main.js"), "1");
    await withPlatform(
      async (platform) => {
        await writeFile(join(changing, "main.js"), "2");
        const report = await quoteOf(platform.socketPath);
        assert.equal(encodeHex(report.mrEnclave), platform.measurement.mrEnclave);
      },
      { programDirectory: changing },
    );
  });

  it("opens its socket to its owner only", async () => {
    await withPlatform(async ({ socketPath }) => {
      const found = await stat(socketPath);
      assert.ok(found.isSocket());
      assert.equal(found.mode & 0o777, 0o600);
      assert.deepEqual(await readdir(join(socketPath, "..")), ["socket"]);
    });
  });

  it("removes its socket when it ends", async () => {
    const platform = await startSimulatedPlatform(await optionsFor());
    await platform.close();
    assert.equal(await exists(platform.socketPath), false);
  });

  it("does not remove the socket of another process", async () => {
    const platform = await startSimulatedPlatform(await optionsFor());
    await rm(platform.socketPath);
    const other = createServer().listen(platform.socketPath);
    await once(other, "listening");
    await platform.close();
    assert.equal(await exists(platform.socketPath), true);
    other.close();
  });

  it("ends although a client holds its connection open", async () => {
    const platform = await startSimulatedPlatform(await optionsFor());
    const socket = connect(platform.socketPath);
    await once(socket, "connect");
    await platform.close();
    await once(socket, "close");
  });

  it("replaces the socket of a dead process", async () => {
    const options = await optionsFor();
    const script = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script, options.socketPath]), "exit");
    assert.equal(await exists(options.socketPath), true);
    const platform = await startSimulatedPlatform(options);
    assert.equal(encodeHex((await quoteOf(options.socketPath)).mrEnclave), mrEnclave);
    await platform.close();
  });

  it("refuses to take the place of a live one", async () => {
    await withPlatform(async ({ socketPath }) => {
      await assert.rejects(startSimulatedPlatform(await optionsFor({ socketPath })), { code: "socket-in-use" });
      assert.equal(encodeHex((await quoteOf(socketPath)).mrEnclave), mrEnclave);
    });
  });

  it("does not remove a file that is no socket", async () => {
    const options = await optionsFor();
    await writeFile(options.socketPath, "precious");
    await assert.rejects(startSimulatedPlatform(options), { code: "socket-refused" });
    assert.equal(await exists(options.socketPath), true);
  });

  it("refuses a socket path in a missing directory or of too many bytes", async () => {
    const { socketPath } = await optionsFor();
    await assert.rejects(startSimulatedPlatform(await optionsFor({ socketPath: `${socketPath}/below/it` })), {
      code: "socket-refused",
    });
    const deep = join(socketPath, "..", "d".repeat(120));
    await mkdir(deep);
    await assert.rejects(startSimulatedPlatform(await optionsFor({ socketPath: join(deep, "socket") })), {
      code: "socket-refused",
    });
    assert.deepEqual(await readdir(deep), []);
  });

  it("does not start without a program", async () => {
    const options = await optionsFor({ programDirectory: join(base, "missing") });
    await assert.rejects(startSimulatedPlatform(options), { code: "program-missing" });
    assert.equal(await exists(options.socketPath), false);
  });

  it("refuses requests that are none, each with a reason", async () => {
    await withPlatform(async ({ socketPath }) => {
      const request = `{"quote":{"reportData":"${"00".repeat(64)}"}}\n`;
      for (const [bytes, code] of [
        ["\n", "bad-message"],
        ["GET / HTTP/1.1\r\n", "bad-message"],
        ['{"quote":{"reportData":"00"}}\n', "bad-message"],
        [`{"quote":{"reportData":"${"00".repeat(65)}"}}\n`, "bad-message"],
        [request.replace("}}", '},"mrEnclave":"00"}'), "bad-message"],
        [request + request, "bad-message"],
        [Uint8Array.of(0xff, 0x0a), "bad-message"],
        ["x".repeat(70_000), "message-too-long"],
      ] as const) {
        const response = decodePlatformResponse((await answerTo(socketPath, bytes)).trimEnd());
        assert.equal("error" in response && response.error.code, code);
      }
      assert.equal(encodeHex((await quoteOf(socketPath)).mrEnclave), mrEnclave);
    });
  });

  it("bears many clients at once, and some that go away", async () => {
    await withPlatform(async ({ socketPath }) => {
      for (let index = 0; index < 10; index++) {
        connect(socketPath).destroy();
      }
      const reports = await Promise.all(Array.from({ length: 20 }, () => quoteOf(socketPath)));
      assert.ok(reports.every((report) => encodeHex(report.mrEnclave) === mrEnclave));
    });
  });

  it("names the root that verifiers must be given", async () => {
    await withPlatform(async ({ rootFile }) => {
      assert.equal((await stat(rootFile)).mode & 0o777, 0o644);
    });
  });

  it("leaves no socket behind when collateral cannot be served", async () => {
    const options = await optionsFor({ pccs: { host: "0.0.0.0" } });
    await assert.rejects(startSimulatedPlatform(options), { code: "pccs-not-loopback" });
    assert.equal(await exists(options.socketPath), false);
  });
});
