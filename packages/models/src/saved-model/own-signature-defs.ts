import { type SignatureDef, SignatureDefMap } from "@sealserve/protocol";

/** A copy of signature definitions: default values are kept as bytes of the file they came from, which is wiped after loading. */
export function ownSignatureDefs(signatureDef: ReadonlyMap<string, SignatureDef>): ReadonlyMap<string, SignatureDef> {
  return SignatureDefMap.decode(SignatureDefMap.encode({ signatureDef })).signatureDef;
}
