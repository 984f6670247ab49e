import type { Duplex } from "node:stream";
import { concatBytes, equalBytes } from "@sealserve/core";
import { Refusal } from "../release/refusal.ts";
import { PROVISIONING_REQUEST } from "./messages.ts";

/**
 * Waits for the client's request, in pieces of any size. Refuses at the first byte that differs.
 * @throws Refusal `wrong-request`, `request-timeout`, `closed-early`
 */
export function readProvisioningRequest(socket: Duplex, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received: Uint8Array = new Uint8Array(0);
  const onData = (chunk: Uint8Array): void => {
    received = concatBytes(received, chunk);
    if (!equalBytes(received, PROVISIONING_REQUEST.subarray(0, received.length))) {
      reject(new Refusal("wrong-request", "the client sent another request than Gramine's secret provisioning has"));
    } else if (received.length === PROVISIONING_REQUEST.length) {
      resolve();
    }
  };
  const onClose = (): void => reject(new Refusal("closed-early", "the client closed before its request was whole"));
  const timer = setTimeout(
    () => reject(new Refusal("request-timeout", `the client sent no whole request within ${timeoutMs} ms`)),
    timeoutMs,
  );
  socket.on("data", onData).once("close", onClose).once("end", onClose);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.pause();
    socket.off("data", onData).off("close", onClose).off("end", onClose);
  });
}
