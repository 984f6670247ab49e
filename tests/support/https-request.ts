/** Requests over HTTP/1.1 and TLS, for tests of servers. */
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import https from "node:https";

/** What is asked. */
export interface HttpsRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A client that keeps its connections to one server. */
export class HttpsClient {
  readonly #port: number;
  readonly #agent: https.Agent;

  constructor(port: number, caPem: string) {
    this.#port = port;
    this.#agent = new https.Agent({ keepAlive: true, ca: caPem });
  }

  async send({ method = "GET", path, headers = {}, body }: HttpsRequest): Promise<HttpsAnswer> {
    const to = { host: "localhost", port: this.#port, agent: this.#agent };
    const request = https.request({ ...to, method, path, headers });
    request.end(body);
    const [response] = await once(request, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk);
    }
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
  }

  close(): void {
    this.#agent.destroy();
  }
}
