import type { CollateralSource } from "@sealserve/collateral";
import { formatEndpoint } from "@sealserve/config";
import type { OpenPort } from "@sealserve/ra-tls";
import { type BrokerState, closeBrokerState, loadBrokerState } from "./broker-state.ts";
import type { BrokerConfig } from "./config/broker-config.ts";
import { findSharedEnclaves } from "./config/shared-enclaves.ts";
import type { BrokerLog } from "./log/log-record.ts";
import { createProvisioningServer } from "./provisioning/provisioning-server.ts";
import { ReleaseDesk } from "./release/release-desk.ts";
import { type BrokerLimits, defaultLimits } from "./server/limits.ts";
import { openPort } from "./server/port.ts";
import { createReleaseServer } from "./server/release-server.ts";
import { openTrustedRoot } from "./trusted-root.ts";

/** What a broker takes from outside its configuration. */
export interface BrokerOptions {
  /** Receives every record: attempts, also those written to the audit log, and notices. */
  readonly log: BrokerLog;
  /** The broker's own clock; the system's by default. */
  readonly now?: () => Date;
  /** Takes the place of the source that the configuration names. */
  readonly collateral?: CollateralSource;
  readonly limits?: Partial<BrokerLimits>;
}

/** A broker that answers. */
export interface RunningBroker {
  /** Where serving nodes ask, such as `https://127.0.0.1:7443`. */
  readonly url: string;
  /** `HOST:PORT` for enclaves with Gramine's secret provisioning client. */
  readonly provisioningAddress: string | undefined;
  /** Takes no more connections, lets running conversations finish, forgets the keys. */
  readonly close: () => Promise<void>;
}

const SIMULATED = "a simulated root is trusted, NOT SECURE: keys go to software that only claims to be protected";

/**
 * Starts a broker. Everything it needs is read and checked first; nothing listens unless all of it can be used.
 * @throws BrokerError, whose message names the file or port at fault
 */
export async function startBroker(config: BrokerConfig, options: BrokerOptions): Promise<RunningBroker> {
  const { log, now = () => new Date() } = options;
  const root = await openTrustedRoot(config.simulatedRootFile);
  const notice = (message: string): void =>
    log({ kind: "notice", time: now().toISOString(), message, simulated: root.simulated });
  const state = await loadBrokerState(config, { root, now, notice, source: options.collateral });
  if (root.simulated) {
    notice(SIMULATED);
  }
  for (const { name } of config.models.filter(({ policy }) => policy.debug === "allow-insecure")) {
    notice(`the policy of model ${name} accepts debug enclaves, NOT SECURE: their host can read the key`);
  }
  for (const message of sharedEnclaveNotices(config)) {
    notice(message);
  }
  const limits = { ...defaultLimits, ...options.limits };
  const desk = new ReleaseDesk({ ...state, root, log, now, earlyFailureNoticeMs: limits.earlyFailureNoticeMs });
  return openPorts(config, { state, desk, limits, now, notice });
}

/** Gramine's protocol names no model, so there an enclave always gets the key of the first model that accepts it. */
function sharedEnclaveNotices({ secretProvisioning, models }: BrokerConfig): string[] {
  const pairs = secretProvisioning === undefined ? [] : findSharedEnclaves(models);
  return pairs.map(
    ([first, second]) =>
      `models ${first.name} and ${second.name} have policies that one enclave can meet: on the port for Gramine's ` +
      `protocol it gets the key of ${first.name}; pin different enclaves`,
  );
}

interface PortContext {
  readonly state: BrokerState;
  readonly desk: ReleaseDesk;
  readonly limits: BrokerLimits;
  readonly now: () => Date;
  readonly notice: (message: string) => void;
}

async function openPorts(config: BrokerConfig, context: PortContext): Promise<RunningBroker> {
  const { state, desk, limits } = context;
  const ports: OpenPort[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= closeAll(ports, { state, desk, limits });
    return closed;
  };
  try {
    ports.push(await openReleasePort(config, context));
    const provisioning = await openProvisioningPort(config, context);
    ports.push(...(provisioning === undefined ? [] : [provisioning]));
  } catch (error) {
    await close();
    throw error;
  }
  const [url = "", provisioningAddress] = ports.map(({ address }) => formatEndpoint(address));
  return { url: `https://${url}`, provisioningAddress, close };
}

async function closeAll(
  ports: readonly OpenPort[],
  { state, desk, limits }: Pick<PortContext, "state" | "desk" | "limits">,
): Promise<void> {
  await Promise.all(ports.map((port) => port.close(limits.drainTimeoutMs)));
  desk.close();
  await closeBrokerState(state);
}

function openReleasePort(config: BrokerConfig, { state, notice, ...context }: PortContext): Promise<OpenPort> {
  const server = createReleaseServer({ ...context, identity: state.identity });
  return openPort(server, {
    endpoint: config.listen,
    member: "listen",
    onError: (error) => notice(`connection failed: ${error.message}`),
  });
}

async function openProvisioningPort(
  { secretProvisioning }: BrokerConfig,
  { state, notice, ...context }: PortContext,
): Promise<OpenPort | undefined> {
  if (secretProvisioning === undefined || state.provisioningIdentity === undefined) {
    return undefined;
  }
  const server = createProvisioningServer({ ...context, identity: state.provisioningIdentity });
  return openPort(server, {
    endpoint: secretProvisioning.listen,
    member: "secretProvisioning.listen",
    onError: (error) => notice(`connection failed: ${error.message}`),
  });
}
