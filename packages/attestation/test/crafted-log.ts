// CC event logs for the tests, written field by field so that each can be wrong on its own.
import { concatBytes, encodeUtf8, sha384 } from "@sealserve/core";

export const EV_SEPARATOR = 0x04;
export const EV_EVENT_TAG = 0x06;
export const EV_PLATFORM_CONFIG_FLAGS = 0x0a;
export const EV_EFI_VARIABLE_DRIVER_CONFIG = 0x8000_0001;
export const EV_EFI_VARIABLE_BOOT = 0x8000_0002;
export const EV_EFI_ACTION = 0x8000_0007;

export const SHA256_ID = 0x0b;
export const SHA384_ID = 0x0c;

/** End of a log and a little filler. */
export const END: Uint8Array = new Uint8Array(32).fill(0xff);

/** A digest as it stands in a record. */
export interface CraftedDigest {
  readonly id: number;
  readonly digest: Uint8Array;
}

export interface CraftedEvent {
  readonly registerIndex: number;
  readonly type: number;
  readonly digests: readonly CraftedDigest[];
  readonly data: Uint8Array;
  readonly digestCount?: number;
  readonly dataLength?: number;
}

export interface CraftedHeader {
  readonly registerIndex?: number;
  readonly type?: number;
  readonly digest?: Uint8Array;
  readonly signature?: string;
  /** Identifier and digest size of each algorithm. */
  readonly algorithms?: readonly (readonly [number, number])[];
  readonly algorithmCount?: number;
  readonly trailing?: Uint8Array;
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8);
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

/** An event whose digest is the SHA-384 of its data, or of `hashed`. */
export async function measured(
  registerIndex: number,
  type: number,
  data: Uint8Array | string,
  hashed: Uint8Array | string = data,
): Promise<CraftedEvent> {
  const digests = [{ id: SHA384_ID, digest: await sha384(toBytes(hashed)) }];
  return { registerIndex, type, digests, data: toBytes(data) };
}

/** UEFI_VARIABLE_DATA: GUID, the two lengths, the name in UTF-16, the content. */
export function efiVariable(name: string, content: Uint8Array): Uint8Array {
  const units = Array.from(name, (character) => u16(character.charCodeAt(0)));
  const lengths = concatBytes(u32(name.length), u32(0), u32(content.length), u32(0));
  return concatBytes(new Uint8Array(16).fill(0x61), lengths, ...units, content);
}

export function craftedRecord(event: CraftedEvent): Uint8Array {
  const { registerIndex, type, digests, data, digestCount = digests.length, dataLength = data.length } = event;
  return concatBytes(
    u32(registerIndex),
    u32(type),
    u32(digestCount),
    ...digests.map(({ id, digest }) => concatBytes(u16(id), digest)),
    u32(dataLength),
    data,
  );
}

export function craftedHeader(header: CraftedHeader = {}): Uint8Array {
  const { registerIndex = 1, type = 3, digest = new Uint8Array(20), signature = "Spec ID Event03\0" } = header;
  const { algorithms = [[SHA384_ID, 48]], algorithmCount = algorithms.length, trailing = new Uint8Array() } = header;
  const specId = concatBytes(
    encodeUtf8(signature),
    Uint8Array.of(0, 0, 0, 0, 0, 2, 0, 2),
    u32(algorithmCount),
    ...algorithms.map(([id, size]) => concatBytes(u16(id), u16(size))),
    Uint8Array.of(2, 0x78, 0x79),
    trailing,
  );
  return concatBytes(u32(registerIndex), u32(type), digest, u32(specId.length), specId);
}

export function craftedLog(
  events: readonly CraftedEvent[],
  { header, end = END }: { readonly header?: CraftedHeader; readonly end?: Uint8Array } = {},
): Uint8Array {
  return concatBytes(craftedHeader(header), ...events.map(craftedRecord), end);
}

function toBytes(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? encodeUtf8(content) : content;
}
