import { type Certificate, type DerElement, decodeUtf8, derSequence, parseDer } from "@sealserve/core";

const CRL_DISTRIBUTION_POINTS = "2.5.29.31";
const TAG_NAME = 0xa0;
const TAG_URI = 0x86;

/** URIs of the CRL distribution points of a certificate (RFC 5280 section 4.2.1.13). @throws CoreError `bad-der` */
export function cdpUris({ extensions }: Certificate): string[] {
  const extension = extensions.get(CRL_DISTRIBUTION_POINTS);
  if (extension === undefined) {
    return [];
  }
  const points = derSequence(parseDer(extension.value));
  return points
    .flatMap((point) => derSequence(point))
    .filter(({ tag }) => tag === TAG_NAME)
    .flatMap((name) => name.children())
    .filter(({ tag }) => tag === TAG_NAME)
    .flatMap((fullName) => fullName.children())
    .filter(({ tag }) => tag === TAG_URI)
    .map(uriIn);
}

function uriIn({ content }: DerElement): string {
  return decodeUtf8(content);
}
