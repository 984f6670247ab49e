/** What a reader can do about a refusal, by the code of its reason. Codes without a row speak for themselves. */
const REMEDIES: readonly (readonly [codes: RegExp, remedy: string])[] = [
  [
    /^collateral-missing$|^pccs-(refused|timeout)$/,
    "name collateral: --collateral FILE, or --pccs URL of a PCCS that knows this platform",
  ],
  [
    /^snp-(vek|chain)-missing$/,
    "name the certificates: --vek, --ask and --ark, as AMD's key distribution service gives them",
  ],
  [/-expired$/, "fetch collateral again; when it is current, check the clock of this machine, or --at"],
  [/-not-yet-valid$/, "check the clock of this machine, or --at"],
  [/^pck-chain-missing$/, "supply the chain of the platform's PCK certificate: --pck-chain FILE"],
  [
    /^root-untrusted$/,
    "a simulated platform needs its root by --root; otherwise the evidence is not of the vendor's hardware",
  ],
  [
    /^(quote-version|quote-key-type|snp-report-version)/,
    "this is no evidence that this version reads; look at how the file was made",
  ],
  [/-malformed$|^quote-too-large$/, "look at how the file was made and copied: text modes and encodings change bytes"],
  [
    /-(signature-invalid|binding-mismatch)$/,
    "do not trust the sender: the bytes are not what a genuine platform signed",
  ],
  [/-revoked$/, "do not trust the platform: its vendor took the certificate back"],
  [
    /^tcb-info-(fmspc|pceid|tee)-mismatch$|^qe-identity-tee-mismatch$/,
    "fetch the collateral for this platform and kind of TEE",
  ],
  [
    /^(qe-identity-|qe-debug|tdx-module-)/,
    "do not trust the sender: the enclave or module that vouches for this evidence is not the vendor's",
  ],
  [/-tcb-not-supported$/, "update the platform: it is older than everything its vendor still judges"],
  [
    /^tcb-status-not-accepted$/,
    "let the operator update firmware, microcode and TEE module; or accept the status in tcb.statuses",
  ],
  [/^advisory-not-tolerated$/, "mitigate the advisories in the workload and list them in tcb.toleratedAdvisoryIds"],
  [
    /^tcb-date-too-old$|^evaluation-number-too-low$/,
    "fetch newer collateral, let the operator update the platform, or lower the floor in the policy",
  ],
  [/^relaunch-overdue$/, "start the trust domain anew: its platform is updated, it is not"],
  [/^debug-/, "ask for a production build: a debugged TEE hides nothing from its host"],
  [/^tee-not-accepted$/, "pin software for this kind of TEE in the policy"],
  [/^machine-/, "look up which machine this is, and correct the lists in the policy if it is yours"],
  [/^report-data-mismatch$/, "the evidence was made for another exchange: ask for fresh evidence with your own nonce"],
  [/^revocation-|^snp-revocation/, "name the revocation list of AMD's root: --crl FILE"],
];

/** What can be done about a reason; undefined where its message says all. */
export function remedyFor(code: string): string | undefined {
  return REMEDIES.find(([codes]) => codes.test(code))?.[1];
}
