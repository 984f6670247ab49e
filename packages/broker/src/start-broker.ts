import type { CollateralSource } from "@sealserve/collateral";
import { formatEndpoint } from "@sealserve/config";
import type { OpenPort } from "@sealserve/ra-tls";
import { type BrokerState, closeBrokerState, loadBrokerState } from "./broker-state.ts";
import type { BrokerConfig } from "./config/broker-config.ts";
import { type BrokerLog, tolerant } from "./log/log-record.ts";
import { createProvisioningServer } from "./provisioning/provisioning-server.ts";
import { ReleaseDesk } from "./release/release-desk.ts";
import { reloadHoldings } from "./reload.ts";
import { type BrokerLimits, defaultLimits } from "./server/limits.ts";
import { openPort } from "./server/port.ts";
import { createReleaseServer } from "./server/release-server.ts";
import { openTrustedRoot } from "./trusted-root.ts";

/** What a broker takes from outside its configuration. */
export interface BrokerOptions {
  /**
   * Receives every record: attempts, also those written to the audit log, and notices. Where the configuration names no audit
   * log this is the only record, and no key leaves before it has taken the release.
   */
  readonly log: BrokerLog;
  /** The broker's own clock; the system's by default. */
  readonly now?: () => Date;
  /** Takes the place of the source that the configuration names. */
  readonly collateral?: CollateralSource;
  readonly limits?: Partial<BrokerLimits>;
}

/** A broker that answers. */
export interface RunningBroker {
  /** Where serving nodes ask, such as `https://127.0.0.1:7443`; undefined when the broker has no port for them. */
  readonly url: string | undefined;
  /** `HOST:PORT` for enclaves with Gramine's secret provisioning client. */
  readonly provisioningAddress: string | undefined;
  /**
   * Reads the configuration again and releases what it says now; see {@link reloadHoldings}. One call at a time: others wait.
   * Resolves when that is done, for better or worse, which the log tells.
   */
  readonly reload: (read: () => Promise<BrokerConfig>) => Promise<void>;
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
    void tolerant(log)({ kind: "notice", time: now().toISOString(), message, simulated: root.simulated });
  const state = await loadBrokerState(config, { root, now, notice, source: options.collateral });
  if (root.simulated) {
    notice(SIMULATED);
  }
  const limits = { ...defaultLimits, ...options.limits };
  const desk = new ReleaseDesk({
    ...state,
    ...limits,
    root,
    log: config.auditLogFile === undefined ? log : tolerant(log),
    now,
  });
  return openPorts(config, { state, desk, limits, now, notice });
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
  /** The address of a port once it is open. */
  const opened = async (opening: Promise<OpenPort> | undefined): Promise<string | undefined> => {
    const port = await opening;
    if (port === undefined) {
      return undefined;
    }
    ports.push(port);
    return formatEndpoint(port.address);
  };
  try {
    const release = await opened(openReleasePort(config, context));
    const provisioningAddress = await opened(openProvisioningPort(config, context));
    const reload = reloading({ ...context, started: config });
    return { url: release === undefined ? undefined : `https://${release}`, provisioningAddress, reload, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function reloading({
  started,
  state,
  notice,
}: PortContext & { readonly started: BrokerConfig }): RunningBroker["reload"] {
  let last = Promise.resolve();
  return (read) => {
    last = last.then(() => reloadHoldings(read, { started, holdings: state.holdings, notice }));
    return last;
  };
}

async function closeAll(
  ports: readonly OpenPort[],
  { state, desk, limits }: Pick<PortContext, "state" | "desk" | "limits">,
): Promise<void> {
  await Promise.all(ports.map((port) => port.close(limits.drainTimeoutMs)));
  desk.close();
  await closeBrokerState(state);
}

function openReleasePort(
  { releasePort }: BrokerConfig,
  { state, notice, ...context }: PortContext,
): Promise<OpenPort> | undefined {
  const { identity, holdings } = state;
  if (releasePort === undefined || identity === undefined) {
    return undefined;
  }
  return openPort(createReleaseServer({ ...context, holdings, identity }), {
    endpoint: releasePort.listen,
    member: "listen",
    onError: (error) => notice(`connection failed: ${error.message}`),
  });
}

function openProvisioningPort(
  { secretProvisioning }: BrokerConfig,
  { state, notice, desk, limits }: PortContext,
): Promise<OpenPort> | undefined {
  const { provisioningIdentity: identity, holdings } = state;
  if (secretProvisioning === undefined || identity === undefined) {
    return undefined;
  }
  const server = createProvisioningServer({
    identity,
    secrets: holdings.secrets,
    desk,
    limits,
    allowTls13: secretProvisioning.allowTls13,
    caps: {
      maxConnections: secretProvisioning.maxConnections ?? limits.maxProvisioningConnections,
      maxConnectionsPerAddress:
        secretProvisioning.maxConnectionsPerAddress ?? limits.maxProvisioningConnectionsPerAddress,
    },
  });
  return openPort(server, {
    endpoint: secretProvisioning.listen,
    member: "secretProvisioning.listen",
    onError: (error) => notice(`connection failed: ${error.message}`),
  });
}
