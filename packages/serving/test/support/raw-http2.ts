import { once } from "node:events";
import tls from "node:tls";
import type { TestAuthority } from "../../../../tests/support/tls-authority.ts";
import type { Front } from "../../src/transport/front.ts";

/** Types of HTTP/2 frames (RFC 9113 section 6). */
export const frameType = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags of frames, as far as they are used here. */
export const frameFlag = { none: 0, ack: 1, endStream: 1, endHeaders: 4 } as const;

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER_LENGTH = 9;

/** A frame that was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** A connection that sends whatever frames it is told to. */
export class RawConnection {
  readonly socket: tls.TLSSocket;
  /** Frames that have come, but for pings and settings. */
  readonly received: Frame[] = [];
  /** How many pings have come. */
  pings = 0;
  #pending: Buffer = Buffer.alloc(0);

  private constructor(socket: tls.TLSSocket) {
    this.socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** @param settings payload of the first SETTINGS frame */
  static async open(authority: TestAuthority, to: Front, settings = Buffer.alloc(0)): Promise<RawConnection> {
    const socket = tls.connect({
      port: to.address.port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: authority.caPem,
      ALPNProtocols: ["h2"],
    });
    await once(socket, "secureConnect");
    const connection = new RawConnection(socket);
    socket.write(PREFACE);
    socket.write(frame(frameType.settings, frameFlag.none, 0, settings));
    return connection;
  }

  /** Whether the other side has ended the connection. */
  get ended(): boolean {
    return this.socket.destroyed || this.socket.readableEnded;
  }

  /** Sends as fast as the other side takes it. @returns false when the connection has ended */
  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.ended) {
      return false;
    }
    if (!this.socket.write(bytes)) {
      const either = new AbortController();
      const { signal } = either;
      const ready = [once(this.socket, "drain", { signal }), once(this.socket, "close", { signal })];
      await Promise.race(ready).finally(() => either.abort());
    }
    return !this.ended;
  }

  /** Sends the same `times` times over, or until the connection ends. @returns whether it has ended */
  async flood(bytes: Uint8Array, times: number): Promise<boolean> {
    for (let sent = 0; sent < times; sent++) {
      if (!(await this.send(bytes))) {
        return true;
      }
    }
    return await this.closed(1000);
  }

  /** Waits until the other side ends the connection. @returns false when it does not within the time */
  async closed(withinMs: number): Promise<boolean> {
    if (!this.ended) {
      const tooLate = AbortSignal.timeout(withinMs);
      await once(this.socket, "close", { signal: tooLate }).catch(() => undefined);
    }
    return this.ended;
  }

  /** HTTP/2 error code of the last GOAWAY frame; undefined when none has come. */
  get goAwayCode(): number | undefined {
    return this.received.findLast(({ type }) => type === frameType.goAway)?.payload.readUInt32BE(4);
  }

  #take(chunk: Buffer): void {
    let rest = Buffer.concat([this.#pending, chunk]);
    while (rest.length >= HEADER_LENGTH && rest.length >= HEADER_LENGTH + rest.readUIntBE(0, 3)) {
      const end = HEADER_LENGTH + rest.readUIntBE(0, 3);
      const [type, flags, streamId] = [rest.readUInt8(3), rest.readUInt8(4), rest.readUInt32BE(5)];
      if (type === frameType.ping) {
        this.pings++;
      } else if (type !== frameType.settings) {
        this.received.push({ type, flags, streamId, payload: rest.subarray(HEADER_LENGTH, end) });
      }
      rest = rest.subarray(end);
    }
    this.#pending = rest;
  }
}

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** Headers of a gRPC call as a header block: literals without indexing or Huffman code (RFC 7541 section 6.2.2). */
export function headerBlock(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const headers = {
    ":method": "POST",
    ":scheme": "https",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  };
  return Buffer.concat(Object.entries(headers).map(([name, value]) => literal(name, value)));
}

/** A header field of at most 126 bytes for name and value each. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)]);
}

/** A 32-bit number as a payload. */
export function uint32(value: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return payload;
}
