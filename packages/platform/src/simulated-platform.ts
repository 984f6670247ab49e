import { connect, type Socket } from "node:net";
import { PlatformError, systemErrorName } from "./errors.ts";
import { type MessageLimits, readMessageLine } from "./message-line.ts";
import { expectReportData, type Platform } from "./platform.ts";
import { expectQuoteFor } from "./quote-check.ts";
import { decodePlatformResponse, encodePlatformRequest } from "./socket-messages.ts";

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Opens a simulated platform: another process of this machine that answers quotes over a unix socket. NOT SECURE, for
 * development only.
 * @throws PlatformError `platform-unreachable` when nobody listens there
 */
export async function openSimulatedPlatform(
  socketPath: string,
  limits: MessageLimits = { timeoutMs: DEFAULT_TIMEOUT_MS },
): Promise<Platform> {
  (await openSocket(socketPath, limits)).destroy();
  const open = new Set<Socket>();
  let closed = false;
  return {
    tee: "sgx",
    name: `simulated SGX, NOT SECURE (${socketPath})`,
    simulated: true,
    quote: async (reportData) => {
      if (closed) {
        throw new PlatformError("platform-closed", "the platform was closed");
      }
      expectReportData(reportData);
      const asked = Uint8Array.from(reportData);
      const socket = await openSocket(socketPath, limits);
      open.add(socket);
      try {
        return await askForQuote(socket, asked, limits);
      } finally {
        open.delete(socket);
        socket.destroy();
      }
    },
    close: async () => {
      closed = true;
      for (const socket of open) {
        socket.destroy();
      }
    },
  };
}

async function askForQuote(socket: Socket, reportData: Uint8Array, limits: MessageLimits): Promise<Uint8Array> {
  socket.write(encodePlatformRequest({ quote: { reportData } }));
  const response = decodePlatformResponse(await readMessageLine(socket, limits));
  if ("error" in response) {
    throw new PlatformError("platform-refused", `the simulated platform refused: ${response.error.message}`, {
      actual: response.error.code,
    });
  }
  expectQuoteFor(response.quote, reportData, "sgx");
  return response.quote;
}

function openSocket(socketPath: string, { timeoutMs }: MessageLimits): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    const fail = (actual: string, cause?: unknown): void => {
      socket.destroy();
      reject(
        new PlatformError("platform-unreachable", `no simulated platform answers on ${socketPath}`, {
          actual,
          remedy: "start it with: sealserve simulator platform",
          cause,
        }),
      );
    };
    socket.setTimeout(timeoutMs, () => fail("timeout"));
    socket.once("error", (cause) => fail(systemErrorName(cause), cause));
    socket.once("connect", () => {
      socket.setTimeout(0).removeAllListeners("error");
      socket.on("error", () => undefined); // reading reports it; without a listener Node would end the process
      resolve(socket);
    });
  });
}
