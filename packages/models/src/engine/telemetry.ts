const SWITCH = "ORT_DISABLE_TELEMETRY";

/**
 * Keeps `onnxruntime` from recording what it does. Since 1.30 it does so on Linux too unless this variable says otherwise: each session with
 * the model's graph name and producer, and failed runs with their messages, in a database below `~/.cache`, which it sends to its vendor.
 * None of that is to leave a TEE, by disk or by network. To be called before the library is loaded, on the main thread: what another
 * thread sets in its copy of the environment does not reach the library. What the environment says already does not count: the host
 * may have written it.
 */
export function disableTelemetry(): void {
  process.env[SWITCH] = "1";
}
