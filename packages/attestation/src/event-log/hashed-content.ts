import { ByteReader, CoreError, concatBytes, encodeUtf8 } from "@sealserve/core";
import type { LogEvent } from "./log-event.ts";

/** What the digest of an event covers when it is made as its type wants it. */
export interface HashedContent {
  /** The bytes whose SHA-384 must be the digest. */
  readonly hashed: Uint8Array;
  /** The part of `hashed` that is the event's content. */
  readonly data: Uint8Array;
  /** The name in `hashed`, if the type has one. */
  readonly name: string | undefined;
}

type Rule = (event: LogEvent) => HashedContent | undefined;

const whole: Rule = ({ data }) => plain(data);

/**
 * How digests are made, by event type (TCG PC Client Platform Firmware Profile, section on event types; dstack for its own
 * type). Types that are missing hash something that does not stand in the log, or their producers do not agree: their data
 * describes and proves nothing.
 */
const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [0x0000_0004, separator],
  [0x0000_0005, whole], // EV_ACTION
  [0x0000_0008, whole], // EV_S_CRTM_VERSION
  [0x8000_0001, whole], // EV_EFI_VARIABLE_DRIVER_CONFIG
  [0x8000_0002, bootVariable],
  [0x8000_0006, whole], // EV_EFI_GPT_EVENT
  [0x8000_0007, whole], // EV_EFI_ACTION
  [0x8000_000c, whole], // EV_EFI_VARIABLE_BOOT2
  [0x8000_00e0, whole], // EV_EFI_VARIABLE_AUTHORITY
  [0x0800_0001, runtimeEvent],
]);

const SEPARATOR_LENGTH = 4;
const GUID_LENGTH = 16;
const RTMR3_INDEX = 4;

/** What the digest of `event` should cover; undefined where that does not stand in the log. */
export function hashedContent(event: LogEvent): HashedContent | undefined {
  return RULES.get(event.type)?.(event);
}

function plain(data: Uint8Array): HashedContent {
  return { hashed: data, data, name: undefined };
}

/** EV_SEPARATOR. */
function separator({ data }: LogEvent): HashedContent | undefined {
  return data.length === SEPARATOR_LENGTH ? plain(data) : undefined;
}

/** EV_EFI_VARIABLE_BOOT: the digest covers the content of the variable without its name. */
function bootVariable({ data }: LogEvent): HashedContent | undefined {
  try {
    const reader = new ByteReader(data);
    reader.bytes(GUID_LENGTH);
    const nameLength = 2n * reader.u64();
    const contentLength = reader.u64();
    reader.bytes(Number(nameLength));
    const content = reader.bytes(Number(contentLength));
    reader.expectEnd("EFI variable");
    return plain(content);
  } catch (cause) {
    if (cause instanceof CoreError) {
      return undefined;
    }
    throw cause;
  }
}

/**
 * An event that a workload measured: type, name and content with colons between them. A name with a colon could give part
 * of itself to the content under the same digest, and in another register the firmware measures bytes that the host chose.
 */
function runtimeEvent({ registerIndex, type, name, data }: LogEvent): HashedContent | undefined {
  if (registerIndex !== RTMR3_INDEX || name === undefined || name.includes(":")) {
    return undefined;
  }
  const typeBytes = new Uint8Array(4);
  new DataView(typeBytes.buffer).setUint32(0, type, true);
  return { hashed: concatBytes(typeBytes, encodeUtf8(`:${name}:`), data), data, name };
}
