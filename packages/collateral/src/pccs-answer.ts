import { decodeHex, decodePem, decodeUtf8, SealserveError } from "@sealserve/core";
import { CollateralError } from "./errors.ts";
import type { PccsAnswer } from "./pccs-request.ts";
import { parseSignedText, type SignedText } from "./signed-text.ts";

/** Chains of two certificates have some 2 KiB when encoded. */
const MAXIMUM_CHAIN_LENGTH = 8 * 1024;

const DER_SEQUENCE = 0x30;
const LONG_LENGTH = 0x80;

/**
 * TCB info or an enclave identity: a JSON object of the document and its signature. The document's text is cut out as
 * it stands, since the signature is over these bytes.
 * @throws CollateralError `bad-answer`
 */
export function signedTextIn(answer: PccsAnswer, member: "tcbInfo" | "enclaveIdentity"): SignedText {
  return readAnswer(answer, () => parseSignedText(answer.body, member));
}

/** A revocation list: DER, or hex of it as text. @throws CollateralError `bad-answer` */
export function revocationListIn(answer: PccsAnswer): Uint8Array {
  return readAnswer(answer, () => {
    const der = beginsAsList(answer.body) ? answer.body : decodeHex(decodeUtf8(answer.body));
    if (!beginsAsList(der)) {
      throw new CollateralError("bad-answer", "it is no revocation list");
    }
    return der;
  });
}

/** No list has less than 128 bytes, so the length takes the long form, which no text in hex can be mistaken for. */
function beginsAsList([tag, length = 0]: Uint8Array): boolean {
  return tag === DER_SEQUENCE && length > LONG_LENGTH;
}

/**
 * The issuer chain that travels in a header as percent-encoded PEM.
 * @param names of the header, newest first; services of different age differ
 * @throws CollateralError `bad-answer`
 */
export function issuerChainIn(answer: PccsAnswer, names: readonly string[]): string {
  return readAnswer(answer, () => {
    const encoded = names.map((name) => answer.headers.get(name)).find((value) => value !== null);
    if (encoded === undefined || encoded === null) {
      throw new CollateralError("bad-answer", `it has no header ${names.join(" or ")}`);
    }
    if (encoded.length > MAXIMUM_CHAIN_LENGTH) {
      throw new CollateralError("bad-answer", "its issuer chain is too long");
    }
    const chain = percentDecoded(encoded);
    decodePem(chain, "CERTIFICATE");
    return chain;
  });
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new CollateralError("bad-answer", "its issuer chain is not percent-encoded", { cause });
  }
}

function readAnswer<Value>(answer: PccsAnswer, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SealserveError)) {
      throw cause;
    }
    throw new CollateralError("bad-answer", `the PCCS's answer to ${answer.operation}: ${cause.message}`, { cause });
  }
}
