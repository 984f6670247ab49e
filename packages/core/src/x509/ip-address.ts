import { CoreError } from "../errors.ts";

const GROUPS = 8;

/** Text of an IPv4 (4 bytes) or IPv6 (16 bytes, RFC 5952) address. @throws CoreError `bad-der` for other lengths */
export function formatIpAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) {
    return bytes.join(".");
  }
  if (bytes.length !== 16) {
    throw new CoreError("bad-der", "IP address has neither 4 nor 16 bytes", { actual: `${bytes.length}` });
  }
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    return ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16);
  });
  const [start, length] = longestZeroRun(groups);
  if (length < 2) {
    return groups.join(":");
  }
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

/** Bytes of an IPv4 address in dotted form (4) or of an IPv6 address (16). @throws CoreError `bad-der` */
export function parseIpAddress(text: string): Uint8Array<ArrayBuffer> {
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  if (bytes === undefined) {
    throw new CoreError("bad-der", "not an IP address", { actual: text });
  }
  return Uint8Array.from(bytes);
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  const valid = parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.map(Number) : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], tail] = halves;
  const groups = tail === undefined ? head : [...head, ...zeroGroups(GROUPS - head.length - tail.length), ...tail];
  const valid =
    halves.length <= 2 && groups.length === GROUPS && groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group));
  if (!valid) {
    return undefined;
  }
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function zeroGroups(count: number): string[] {
  return Array.from({ length: Math.max(1, count) }, () => "0");
}

/** Start and length of the first longest run of zero groups. */
function longestZeroRun(groups: readonly string[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 0];
  let start = 0;
  for (let index = 0; index < groups.length; index++) {
    if (groups[index] !== "0") {
      start = index + 1;
    } else if (index + 1 - start > best[1]) {
      best = [start, index + 1 - start];
    }
  }
  return best;
}
