import { RaTlsError } from "./errors.ts";

const TEES = ["sgx", "tdx", "snp"] as const;

/** The kinds of TEE by their names in messages. */
export type TeeName = (typeof TEES)[number];

/** @param what names the message in errors @throws RaTlsError `bad-message` */
export function teeNamed(text: string, what: string): TeeName {
  const tee = TEES.find((known) => known === text);
  if (tee === undefined) {
    throw new RaTlsError("bad-message", `${what} names an unknown kind of TEE`, { expected: TEES.join(", ") });
  }
  return tee;
}
