import { type DerElement, derOid, derSequence } from "@sealserve/core";
import { AttestationError } from "../errors.ts";

/** The values of a `SEQUENCE OF SEQUENCE { OID, value }` by their identifier; a value is taken by {@link required}. */
export class OidTable {
  readonly #values = new Map<string, DerElement>();

  /** @throws AttestationError `pck-extension-malformed` when an identifier comes twice; CoreError `bad-der` */
  constructor(sequence: DerElement) {
    for (const entry of derSequence(sequence)) {
      const [name, value, excess] = derSequence(entry);
      if (name === undefined || value === undefined || excess !== undefined) {
        throw malformed("has an entry that is no pair of identifier and value");
      }
      const oid = derOid(name);
      if (this.#values.has(oid)) {
        throw malformed(`has ${oid} twice`);
      }
      this.#values.set(oid, value);
    }
  }

  /** The value under `oid`. @throws AttestationError `pck-extension-malformed` */
  required(oid: string): DerElement {
    const value = this.#values.get(oid);
    if (value === undefined) {
      throw malformed(`lacks ${oid}`);
    }
    return value;
  }

  /** The value under `oid`, which not every certificate has. */
  optional(oid: string): DerElement | undefined {
    return this.#values.get(oid);
  }
}

/** The refusal of a PCK certificate for a fault in its SGX extension. */
export function malformed(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("pck-extension-malformed", `SGX extension of the PCK certificate ${fault}`, {
    expected,
    actual,
  });
}
