import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

import type { EngineMessage, EngineRequest } from "./messages.ts";
import { type Parcel, unpackParcel } from "./parcel.ts";

/**
 * Serves the requests that come in by a port one after the other, in their order: nothing is released while it runs. A
 * request that is withdrawn before its turn is left out.
 * @param serve never rejects
 * @param rest runs whenever nothing is left to serve
 * @param leaveOut gets the ids of those that are left out
 */
export function serveInOrder(
  port: MessagePort,
  serve: (request: EngineRequest) => Promise<void>,
  rest: () => void = () => undefined,
  leaveOut: (id: number) => void = () => undefined,
): void {
  const waiting = new Map<number, EngineRequest>();
  let serving = false;

  function accept(parcel: Parcel): void {
    for (const message of unpackParcel<EngineMessage>(parcel)) {
      if (message.kind === "withdraw") {
        if (waiting.delete(message.id)) {
          leaveOut(message.id);
        }
      } else {
        waiting.set(message.id, message);
      }
    }
  }

  /** Runs block this thread, so that a withdrawal may lie unread at the port when the turn comes. */
  function takeNext(): EngineRequest | undefined {
    for (let arrived = receiveMessageOnPort(port); arrived !== undefined; arrived = receiveMessageOnPort(port)) {
      accept(arrived.message as Parcel);
    }
    const [next] = waiting.values();
    if (next !== undefined) {
      waiting.delete(next.id);
    }
    return next;
  }

  async function serveAll(): Promise<void> {
    serving = true;
    for (let next = takeNext(); next !== undefined; next = takeNext()) {
      await serve(next);
    }
    serving = false;
    rest();
  }

  port.on("message", (parcel: Parcel) => {
    accept(parcel);
    if (!serving) {
      void serveAll();
    }
  });
}
