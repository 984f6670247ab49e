import { constants, type ServerHttp2Session } from "node:http2";

/**
 * Ends a connection that sends control frames, each of which wants an answer, and no calls.
 * @param maximum pings and settings that it may send before it begins another call
 */
export function limitControlFrames(session: ServerHttp2Session, maximum: number): void {
  let left = maximum;
  const count = (): void => {
    if (left-- === 0) {
      session.destroy(new Error("control frames without calls"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  };
  session.on("ping", count);
  session.on("remoteSettings", count);
  session.on("stream", () => {
    left = maximum;
  });
}
