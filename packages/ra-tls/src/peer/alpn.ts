import type { TLSSocket } from "node:tls";
import { RaTlsError } from "../errors.ts";

/** Refuses a connection on which no wanted protocol was agreed. @throws RaTlsError `bad-channel` */
export function expectProtocol(socket: TLSSocket, wanted: readonly string[] | undefined): void {
  if (wanted !== undefined && !wanted.includes(socket.alpnProtocol || "")) {
    throw new RaTlsError("bad-channel", "the peer agreed on no protocol", {
      expected: wanted.join(" or "),
      actual: socket.alpnProtocol || "none",
    });
  }
}
