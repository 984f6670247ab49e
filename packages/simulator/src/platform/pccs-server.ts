import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Collateral } from "@sealserve/attestation";
import { SimulatorError, systemErrorName } from "../errors.ts";
import { answerPccs, PCCS_PATHS, type PccsAnswer } from "./pccs-routes.ts";

/** Where a collateral service listens. */
export interface PccsAddress {
  /** `localhost` or a loopback address; anything else is refused. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 (the default) lets the system choose. */
  readonly port?: number;
}

/** What the service answers from. */
export interface PccsContent {
  /** FMSPC of the one machine that the simulated vendor knows, 12 hex digits. */
  readonly fmspc: string;
  /** For SGX. */
  collateral(): Promise<Collateral>;
  /** For TDX; without it the service knows of no TDX. */
  tdxCollateral?(): Promise<Collateral>;
}

/** A running collateral service. */
export interface PccsServer {
  /** Base URL for SGX with the API version, as clients are configured with it; for TDX `sgx` in it becomes `tdx`. */
  readonly url: string;
  close(): Promise<void>;
}

const SIMULATED_HEADERS = {
  Server: "Sealserve simulator NOT SECURE",
  Warning: '299 - "simulated collateral, NOT SECURE"',
};

const LIMITS = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 60_000 };

/**
 * Serves simulated collateral as Intel's PCCS serves the real one, over HTTP on this machine only.
 * @throws SimulatorError `pccs-not-loopback`, `pccs-not-started`
 */
export async function startPccsServer(content: PccsContent, address: PccsAddress = {}): Promise<PccsServer> {
  const host = expectLoopback(address.host ?? "127.0.0.1");
  const server = createServer(LIMITS, (request, response) => {
    void handle(request, response, content);
  });
  const port = await listen(server, host, address.port ?? 0);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}${PCCS_PATHS.sgx}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, content: PccsContent): Promise<void> {
  const answer = await answerOf(request, content).catch(() => FAILED);
  response.writeHead(answer.status, {
    "Request-ID": randomBytes(16).toString("hex"),
    ...answer.headers,
    ...SIMULATED_HEADERS,
  });
  response.end(request.method === "HEAD" ? undefined : answer.body);
}

const FAILED: PccsAnswer = {
  status: 500,
  headers: { "Content-Type": "text/html; charset=utf-8" },
  body: "Internal server error occurred.",
};

const NOT_FOUND: PccsAnswer = {
  status: 404,
  headers: { "Content-Type": "text/html; charset=utf-8" },
  body: "The simulated PCCS answers GET only.",
};

async function answerOf(request: IncomingMessage, content: PccsContent): Promise<PccsAnswer> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return NOT_FOUND;
  }
  const url = URL.parse(request.url ?? "/", "http://pccs.invalid");
  if (url === null) {
    return NOT_FOUND;
  }
  const [sgx, tdx] = await Promise.all([content.collateral(), content.tdxCollateral?.()]);
  return answerPccs(url.pathname, url.searchParams, { fmspc: content.fmspc, sgx, tdx });
}

function expectLoopback(host: string): string {
  if (host !== "localhost" && host !== "::1" && !/^127(\.\d{1,3}){3}$/.test(host)) {
    throw new SimulatorError("pccs-not-loopback", "simulated collateral is served on this machine only", {
      expected: "127.0.0.1, ::1 or localhost",
      actual: host,
    });
  }
  return host;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new SimulatorError("pccs-not-started", `the simulated PCCS cannot listen on ${host} port ${port}`, {
          actual: systemErrorName(cause),
          cause,
        }),
      );
    });
    server.listen({ host, port }, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}
