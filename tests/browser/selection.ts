/** What the browser run takes, and what of it cannot run in a browser by nature. */

/**
 * The test files, as patterns below the root of the project. A further conformance file about evidence is picked up when
 * its name begins like one of these; it reads its vectors through `tests/support/vectors.ts`.
 */
export const TEST_GLOBS: readonly string[] = [
  "packages/{core,attestation}/test/**/*.test.ts",
  // The others ask servers that run in Node.
  "packages/collateral/test/{cached,pccs-in-memory,platform,rollback,snp,supplied}*.test.ts",
  "tests/conformance/{sgx,tdx,snp,event-log,gpu}*.test.ts",
];

/** Tests that need Node. The run asserts that each of them fails for exactly what is missing. */
export interface NodeOnlyTests {
  readonly file: string;
  /** Fits the whole names, suites included (`suite > test`); `(loading)` is the name when the file itself needs Node. */
  readonly tests: RegExp;
  readonly missing: string;
  readonly reason: string;
}

export const NODE_ONLY_TESTS: readonly NodeOnlyTests[] = [
  {
    file: "packages/core/test/certificate.test.ts",
    tests: /^a created certificate > is read by OpenSSL in the same way$/,
    missing: "node:crypto",
    reason: "compares with OpenSSL, which a browser does not offer",
  },
  {
    file: "packages/core/test/certificate.test.ts",
    tests: /^certificates signed with .* verify with OpenSSL$/,
    missing: "Buffer",
    reason: "compares with OpenSSL, which a browser does not offer",
  },
  {
    file: "packages/core/test/ecdsa.test.ts",
    tests: /^ECDSA signatures as DER > agree with what OpenSSL writes$/,
    missing: "Buffer",
    reason: "compares with OpenSSL, which a browser does not offer",
  },
  {
    file: "packages/core/test/signing-key.test.ts",
    tests: /^PKCS #8 import > takes keys that OpenSSL made$/,
    missing: "node:crypto",
    reason: "takes keys from OpenSSL, which a browser does not offer",
  },
  {
    file: "packages/core/test/ip-address.test.ts",
    tests: /^IP addresses > are written as text that Node takes for an address$/,
    missing: "node:net",
    reason: "compares with Node's own parser",
  },
  {
    file: "packages/attestation/test/snp-verify.test.ts",
    tests: / given as a Buffer of Node$/,
    missing: "Buffer",
    reason: "the class is Node's own",
  },
  {
    file: "packages/attestation/test/verify-collateral.test.ts",
    tests: / given as a Buffer of Node$/,
    missing: "Buffer",
    reason: "the class is Node's own",
  },
  {
    file: "packages/attestation/test/verify-evidence.test.ts",
    tests: / given as a Buffer of Node$/,
    missing: "Buffer",
    reason: "the class is Node's own",
  },
];
