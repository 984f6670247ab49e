/** The list of Intel's root, at one of the hosts that have it. */
const ROOT_CRL =
  /^https:\/\/([A-Za-z0-9-]*certificates\.trustedservices\.intel\.com|certprx\.adsdcsp\.com)\/IntelSGXRootCA\.[A-Za-z0-9]{1,8}$/;
/** The list of a PCK CA, as certificates name it. */
const PCK_CRL =
  /^https:\/\/([A-Za-z0-9-]*\.?api\.trustedservices\.intel\.com|[A-Za-z0-9-]+\.az\.sgx(prod|np)\.adsdcsp\.com)\/sgx\/certification\/v[1-9]\/pckcrl\?ca=(processor|platform)(&encoding=(der|pem))?$/;

/** Whether a URI is a place of the list of Intel's root, written in the one way. */
export function isRootCrlUri(uri: string): boolean {
  return ROOT_CRL.test(uri);
}

/**
 * Whether a list is fetched when anybody asks for it by this URI. One list has few such URIs, while those with something more
 * in them have no end, and each would be one more entry to be stored and refreshed.
 */
export function isPlainCrlUri(uri: string): boolean {
  return ROOT_CRL.test(uri) || PCK_CRL.test(uri);
}
