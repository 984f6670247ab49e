import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { RaTlsIdentity } from "../src/peer/identity.ts";
import { quoteOf } from "./sample-vendor.ts";

export function identityOf(mrEnclave?: string): RaTlsIdentity {
  return new RaTlsIdentity({ quote: quoteOf(mrEnclave) });
}

/** Opens a port of a server on loopback. */
export async function listen(server: Server): Promise<{ readonly host: string; readonly port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

/** A promise that a test keeps back. */
export class Latch {
  readonly #waiting = Promise.withResolvers<void>();
  readonly #reached = Promise.withResolvers<void>();
  readonly reached = this.#reached.promise;

  /** Waits until {@link open}. */
  async wait(): Promise<void> {
    this.#reached.resolve();
    await this.#waiting.promise;
  }

  open(): void {
    this.#waiting.resolve();
  }
}

/** An identity whose platform makes evidence only when the latch is open. */
export function slowIdentity(latch: Latch): RaTlsIdentity {
  const quote = quoteOf();
  return new RaTlsIdentity({ quote: (reportData) => latch.wait().then(() => quote(reportData)) });
}

/** Carries bytes between a client and a server, and counts those of the client. */
export async function startRelay(target: { readonly host: string; readonly port: number }): Promise<{
  readonly address: { readonly host: string; readonly port: number };
  bytesFromClient(): number;
  close(): void;
}> {
  let count = 0;
  const sockets: Socket[] = [];
  const relay = createServer((client) => {
    const server = connect(target);
    sockets.push(client, server);
    client.on("data", (chunk) => {
      count += chunk.length;
    });
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
  });
  const address = await listen(relay);
  return {
    address,
    bytesFromClient: () => count,
    close: () => {
      relay.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

/** Long enough for bytes on loopback to arrive, were they sent. */
export async function aWhile(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 60));
}
