import { encodeUtf8 } from "@sealserve/core";
import { aesCmac } from "./aes-cmac.ts";

/** Size of the nonce that a metadata key is derived from, in bytes. */
export const METADATA_NONCE_SIZE = 32;

const LABEL = encodeUtf8("SGX-PROTECTED-FS-METADATA-KEY");
const LABEL_OFFSET = 4;
const NONCE_OFFSET = 68;
const KEY_BITS_OFFSET = 100;
const INPUT_SIZE = 104;

/** Key of a metadata node: a counter-mode KDF (NIST SP 800-108) of one round, with AES-CMAC under the wrap key. */
export function deriveMetadataKey(wrapKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  const input = new Uint8Array(INPUT_SIZE);
  const view = new DataView(input.buffer);
  view.setUint32(0, 1, true);
  input.set(LABEL, LABEL_OFFSET);
  input.set(nonce, NONCE_OFFSET);
  view.setUint32(KEY_BITS_OFFSET, 128, true);
  return aesCmac(wrapKey, input);
}
