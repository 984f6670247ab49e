import { EXIT } from "../exit-codes.ts";
import { tell } from "../output/terminal.ts";

/** The command was ended by a signal; there is nothing to report. */
export class Interrupted extends Error {}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** A terminal sends Ctrl-C to the whole group and npm or the starter pass it on: the same key press arrives twice. */
const SAME_SIGNAL_MS = 1_000;

/**
 * An `AbortSignal` that fires at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once.
 * @param onHangup takes SIGHUP out of them: called at each
 */
export function abortOnSignal(onHangup?: () => void): AbortSignal {
  const controller = new AbortController();
  let firstAt = 0;
  if (onHangup !== undefined) {
    process.on("SIGHUP", onHangup);
  }
  for (const name of SIGNALS.filter((signal) => signal !== "SIGHUP" || onHangup === undefined)) {
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstAt = performance.now();
        controller.abort(new Interrupted(`stopped by ${name}`));
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
        process.exit(EXIT.interrupted);
      }
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
