/** Where a server listens or is reached. An IPv6 address stands without its brackets. */
export interface Endpoint {
  readonly host: string;
  /** 0 to 65535; 0 asks the system for a free port. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT` or a bare `PORT` (then `defaultHost` is the host).
 * Undefined when the text is none of these.
 */
export function parseEndpoint(text: string, defaultHost: string): Endpoint | undefined {
  const match = /^(?:(?:\[(?<ipv6>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+)):)?(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65535) {
    return undefined;
  }
  return { host: match.groups?.["ipv6"] ?? match.groups?.["name"] ?? defaultHost, port };
}

/** The text form that {@link parseEndpoint} reads. */
export function formatEndpoint(endpoint: Endpoint): string {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}
