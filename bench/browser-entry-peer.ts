/** The peer of `bench/browser-bundle.ts`: parsing and verification of SGX and TDX quotes, without a policy. */
export { Quote, verify } from "@phala/dcap-qvl";
