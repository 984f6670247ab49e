import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, resolve, sep } from "node:path";

const VECTORS = resolve(import.meta.dirname, "../../../shared/vectors");
const VECTORS_PREFIX = "/vectors/";
const PAGE = new TextEncoder().encode(
  '<!doctype html><meta charset="utf-8"><title>Tests</title><link rel="icon" href="data:,">',
);

/** Tests of bytes over shared memory need a page that is isolated from other origins. */
const HEADERS = {
  "cache-control": "no-store",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-opener-policy": "same-origin",
};

export interface TestServer {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves an empty page, the scripts and, where they are present, the public vectors, to this machine only. */
export async function startServer(scripts: ReadonlyMap<string, Uint8Array>): Promise<TestServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    contentOf(pathname, scripts).then(
      (content) => answer(response, pathname, content),
      () => answer(response, pathname, undefined),
    );
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function contentOf(pathname: string, scripts: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array | undefined> {
  if (pathname === "/") {
    return PAGE;
  }
  if (!pathname.startsWith(VECTORS_PREFIX)) {
    return scripts.get(pathname);
  }
  const path = resolve(VECTORS, decodeURIComponent(pathname.slice(VECTORS_PREFIX.length)));
  return path.startsWith(VECTORS + sep) ? readFile(path) : undefined;
}

function answer(response: ServerResponse, pathname: string, content: Uint8Array | undefined): void {
  if (content === undefined) {
    response.writeHead(404, HEADERS).end();
    return;
  }
  response.writeHead(200, { ...HEADERS, "content-type": contentType(pathname) }).end(content);
}

function contentType(pathname: string): string {
  if (pathname === "/") {
    return "text/html";
  }
  return extname(pathname) === ".js" ? "text/javascript" : "application/octet-stream";
}
