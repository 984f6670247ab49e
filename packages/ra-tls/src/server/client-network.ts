const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Groups of 16 bits of an IPv6 address, and of the part of it that a network is given. */
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Whom the limits of one client count for: an IPv4 address, or the 64 bits in front of an IPv6 address, since whoever has one
 * IPv6 address has all 2^64 of its network (RFC 6177, RFC 8981).
 * @param address as sockets show it; anything else counts as it stands
 */
export function clientNetwork(address: string | undefined): string {
  const [text = ""] = (address ?? "").split("%", 1); // a zone names an interface of this machine
  const mapped = IPV4_MAPPED.exec(text)?.[1];
  if (mapped !== undefined || !text.includes(":")) {
    return mapped ?? text;
  }
  const [head = [], tail = []] = text.split("::").map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array.from({ length: Math.max(0, GROUPS - head.length - tail.length) }, () => "0");
  const groups = [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
