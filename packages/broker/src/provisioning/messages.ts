import { encodeUtf8 } from "@sealserve/core";

/** What the client sends first: this text with a NUL, 35 bytes (Gramine secret provisioning, version 1). */
export const PROVISIONING_REQUEST: Uint8Array = encodeUtf8("SECRET_PROVISION_RA_TLS_REQUEST_V1\0");

/** What the broker answers with: this text with a NUL, 37 bytes, then the length of the secret and the secret. */
export const PROVISIONING_RESPONSE: Uint8Array = encodeUtf8("SECRET_PROVISION_RA_TLS_RESPONSE_V1:\0");

/** The whole answer. The length of the secret stands before it in four bytes, big endian. */
export function encodeProvisioningResponse(secret: Uint8Array): Uint8Array {
  const start = PROVISIONING_RESPONSE.length;
  const message = new Uint8Array(start + 4 + secret.length);
  message.set(PROVISIONING_RESPONSE);
  new DataView(message.buffer).setUint32(start, secret.length);
  message.set(secret, start + 4);
  return message;
}
