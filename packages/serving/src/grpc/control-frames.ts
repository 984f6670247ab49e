import { constants, type ServerHttp2Session } from "node:http2";

/**
 * Pings and settings that a connection may send before it begins another call. Clients ping to keep a connection alive, and
 * while they take a long answer to learn how much is on the way.
 */
const MAX_BETWEEN_CALLS = 10_000;

/** Ends a connection that sends control frames, each of which wants an answer, and no calls. */
export function limitControlFrames(session: ServerHttp2Session): void {
  let left = MAX_BETWEEN_CALLS;
  const count = (): void => {
    if (left-- === 0) {
      session.destroy(new Error("control frames without calls"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  session.on("ping", count);
  session.on("remoteSettings", count);
  session.on("stream", () => {
    left = MAX_BETWEEN_CALLS;
  });
}
