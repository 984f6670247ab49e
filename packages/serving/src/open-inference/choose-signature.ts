import type { LoadedModel, Signature } from "@sealserve/models";
import { DEFAULT_SIGNATURE_KEY, ServingError } from "@sealserve/protocol";

/** A signature with its key. */
export interface NamedSignature {
  readonly key: string;
  readonly signature: Signature;
}

/** What a model runs for a call that names no signature: the default one, or the only one that it has. */
export function defaultSignature({ signatures }: LoadedModel): NamedSignature | undefined {
  const [first, ...others] = signatures.keys();
  const key = signatures.has(DEFAULT_SIGNATURE_KEY) || others.length > 0 ? DEFAULT_SIGNATURE_KEY : first;
  const signature = key === undefined ? undefined : signatures.get(key);
  return key === undefined || signature === undefined ? undefined : { key, signature };
}

/**
 * The signature that a call means.
 *
 * @param asked key of the signature; empty for the default
 * @throws ServingError INVALID_ARGUMENT
 */
export function chooseSignature(model: LoadedModel, asked: string): NamedSignature {
  const signature = model.signatures.get(asked);
  if (signature !== undefined) {
    return { key: asked, signature };
  }
  const fallback = asked === "" ? defaultSignature(model) : undefined;
  if (fallback === undefined) {
    const problem = asked === "" ? "The model has no default signature" : `The model has no signature "${asked}"`;
    throw new ServingError("INVALID_ARGUMENT", `${problem}; name one of its own in the parameter signature_name`);
  }
  return fallback;
}
