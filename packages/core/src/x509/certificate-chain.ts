import { CoreError } from "../errors.ts";
import { decodePem } from "../pem/pem.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";

const MAX_CERTIFICATES = 16;

/**
 * The certificates of a PEM text, in its order; at least one, at most 16. Nothing about their relation is checked.
 * @param parse takes the place of {@link parseCertificate} for callers that know some certificates already
 * @throws CoreError `bad-pem`, `bad-certificate`, `unsupported-algorithm`
 */
export function parseCertificateChainPem(pem: string, parse = parseCertificate): Certificate[] {
  const blocks = decodePem(pem, "CERTIFICATE");
  if (blocks.length > MAX_CERTIFICATES) {
    throw new CoreError("bad-certificate", "chain has too many certificates", {
      expected: `at most ${MAX_CERTIFICATES}`,
      actual: `${blocks.length}`,
    });
  }
  return blocks.map(({ bytes }) => parse(bytes));
}
