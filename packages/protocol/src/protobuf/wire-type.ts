/** How the bytes of a field end (protobuf encoding, "Message structure"). */
export const wireTypes = { varint: 0, fixed64: 1, lengthDelimited: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;
