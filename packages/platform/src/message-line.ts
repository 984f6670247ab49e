import type { Socket } from "node:net";
import { decodeUtf8 } from "@sealserve/core";
import { PlatformError } from "./errors.ts";
import { MAXIMUM_MESSAGE_LENGTH } from "./socket-messages.ts";

const LINE_END = 0x0a;

/** How long to wait for a message, in milliseconds. */
export interface MessageLimits {
  readonly timeoutMs: number;
}

/**
 * The one line that the other side of a connection sends, without its end. Bytes behind the line end are refused when
 * they come together with it; what comes later is not read any more.
 * @throws PlatformError `message-too-long`, `bad-message`, `platform-unreachable` (closed, failed or timed out first)
 */
export function readMessageLine(socket: Socket, { timeoutMs }: MessageLimits): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => fail(unreachable(`no message within ${timeoutMs} ms`)), timeoutMs);

    const settle = (): void => {
      clearTimeout(timer);
      socket.off("data", take).off("end", ended).off("close", ended).off("error", failed);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(error);
    };
    const ended = (): void => fail(unreachable("the connection ended before a whole message"));
    const failed = (cause: Error): void => fail(unreachable("the connection failed", cause));
    const take = (chunk: Buffer): void => {
      received.push(chunk);
      length += chunk.length;
      if (length > MAXIMUM_MESSAGE_LENGTH) {
        fail(tooLong());
      } else if (chunk.includes(LINE_END)) {
        settle();
        resolve(Promise.resolve(Buffer.concat(received)).then(lineOf));
      }
    };
    socket.on("data", take).on("end", ended).on("close", ended).on("error", failed);
  });
}

function lineOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(LINE_END);
  if (end !== bytes.length - 1) {
    throw new PlatformError("bad-message", "a platform message has bytes behind its line end");
  }
  try {
    return decodeUtf8(bytes.subarray(0, end));
  } catch (cause) {
    throw new PlatformError("bad-message", "a platform message is not UTF-8", { cause });
  }
}

function unreachable(message: string, cause?: unknown): PlatformError {
  return new PlatformError("platform-unreachable", message, { cause });
}

function tooLong(): PlatformError {
  return new PlatformError("message-too-long", "a platform message is too long", {
    expected: `at most ${MAXIMUM_MESSAGE_LENGTH} bytes`,
  });
}
