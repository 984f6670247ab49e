import { Agent as HttpAgent, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { rootCertificates } from "node:tls";
import { ProviderError } from "../provider.ts";

/** A request to a vendor's service. */
export interface UpstreamRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer with any status, read to its end. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

/** How connections are made. */
export interface ExchangeSettings {
  /** `http://host:port` of a proxy that tunnels (CONNECT). */
  readonly proxy?: string;
  /** PEM: accepted beside the usual web roots, such as those of a company's inspecting proxy. */
  readonly tlsRoots?: string;
  /** For one request with its whole answer. Default 20 s. */
  readonly timeoutMs?: number;
  /** Longest body of an answer. Default 4 MiB: a list of PCK certificates has some 100 KiB. */
  readonly maxBodyBytes?: number;
  /** Most connections at a time. Default 8. */
  readonly connections?: number;
}

/** Sends single requests; neither redirects nor retries are followed. */
export interface Exchange {
  /** @throws ProviderError `unavailable`, and `garbage` for an answer that is too large; {@link ExchangeClosed} */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** Breaks off what is on its way, and sends nothing any more. */
  close(): void;
}

/** The service stops: there is no sense in asking again. */
export class ExchangeClosed extends ProviderError {
  constructor() {
    super("unavailable", "the service is stopping");
  }
}

const TIMEOUT_MS = 20_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const CONNECTIONS = 8;
/** Chains travel in headers, percent-encoded; three certificates have some 6 KiB. */
const MAX_HEADER_BYTES = 32 * 1024;

/** Opens an exchange with agents of its own. */
export function openExchange(settings: ExchangeSettings = {}): Exchange {
  const agents = openAgents(settings);
  const limits = {
    timeoutMs: settings.timeoutMs ?? TIMEOUT_MS,
    maxBodyBytes: settings.maxBodyBytes ?? MAX_BODY_BYTES,
  };
  let isClosed = false;
  return {
    send: async (request) => {
      if (isClosed) {
        throw new ExchangeClosed();
      }
      return send(request, agents, limits);
    },
    close: () => {
      isClosed = true;
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

interface Limits {
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
}

function openAgents({ proxy, tlsRoots, connections = CONNECTIONS }: ExchangeSettings): Agents {
  // The settings alone name a proxy; variables of the environment are another party's.
  const proxyEnv = proxy === undefined ? {} : { HTTPS_PROXY: proxy };
  const common = { keepAlive: true, maxSockets: connections, proxyEnv };
  const ca = tlsRoots === undefined ? {} : { ca: [...rootCertificates, tlsRoots] };
  return { http: new HttpAgent(common), https: new HttpsAgent({ ...common, ...ca, minVersion: "TLSv1.2" }) };
}

function send(request: UpstreamRequest, agents: Agents, limits: Limits): Promise<UpstreamAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>();
  const fail = (cause: unknown): void =>
    reject(cause instanceof ProviderError ? cause : failed(request, limits, cause));
  const signal = AbortSignal.timeout(limits.timeoutMs);
  const options = { method: request.method, headers: headersOf(request), maxHeaderSize: MAX_HEADER_BYTES, signal };
  const receive = (response: IncomingMessage): void => {
    readBody(response, request, limits.maxBodyBytes).then(
      (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      fail,
    );
  };
  const outgoing = request.url.startsWith("https:")
    ? requestHttps(request.url, { ...options, agent: agents.https }, receive)
    : requestHttp(request.url, { ...options, agent: agents.http }, receive);
  outgoing.on("error", fail);
  outgoing.end(request.body);
  return promise;
}

function headersOf({ headers = {}, body }: UpstreamRequest): Record<string, string> {
  const length = body === undefined ? {} : { "Content-Length": `${Buffer.byteLength(body)}` };
  return { "User-Agent": "sealserve-collateral", ...headers, ...length };
}

async function readBody(response: IncomingMessage, { url }: UpstreamRequest, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      response.destroy();
      throw new ProviderError("garbage", `the answer of ${placeOf(url)} is longer than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function failed({ url }: UpstreamRequest, { timeoutMs }: Limits, cause: unknown): ProviderError {
  const problem = isTimeout(cause) ? `did not answer within ${timeoutMs} ms` : "cannot be reached";
  return new ProviderError("unavailable", `${placeOf(url)} ${problem}`, { cause });
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && (cause.name === "TimeoutError" || isTimeout(cause.cause));
}

/** Without the query, which has identifiers of platforms in it. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
