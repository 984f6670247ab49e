import { EXIT } from "../exit-codes.ts";
import { tell } from "../output/terminal.ts";

/** The command was ended by a signal; there is nothing to report. */
export class Interrupted extends Error {}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** An `AbortSignal` that fires at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function abortOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of SIGNALS) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        process.exit(EXIT.interrupted);
      }
      controller.abort(new Interrupted(`stopped by ${name}`));
    });
  }
  return controller.signal;
}

/** Keeps a service running until the signal fires, then closes it. */
export async function closeOnAbort(service: { close(): Promise<void> }, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  tell("stopping");
  await service.close();
}
