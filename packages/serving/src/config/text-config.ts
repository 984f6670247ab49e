import { decodeMessageText, type MessageType, ProtocolError, ServingError } from "@sealserve/protocol";

/**
 * A message of TensorFlow Serving's configuration from its text form.
 * @param file its name, for the message
 * @throws ServingError `INVALID_ARGUMENT` `Error parsing text-format TYPE: FILE: line N: ...`
 */
export function parseTextConfig<T>(type: MessageType<T>, text: string, file: string): T {
  try {
    return decodeMessageText(type, text);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) {
      throw cause;
    }
    const expected = cause.expected === undefined ? "" : ` (expected ${cause.expected})`;
    const message = `Error parsing text-format ${type.name}: ${file}: ${cause.message}${expected}`;
    throw new ServingError("INVALID_ARGUMENT", message, { cause });
  }
}
