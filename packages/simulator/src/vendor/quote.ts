import { cpuSvnOf } from "./machine.ts";
import { encodePrefix, type PrefixOverrides } from "./quote-prefix.ts";
import { encodeReportBody, type ReportFields } from "./report-body.ts";
import { type QuoteMaker, type SectionOverrides, signQuote } from "./signature-section.ts";

/** What the quote is about, and ways in which a test can make it wrong. */
export interface QuoteOptions extends ReportFields, PrefixOverrides, SectionOverrides {
  /** Form of the quote; default 3. */
  readonly version?: 3 | 4 | 5;
}

const SGX_REPORT = 1;

/** Makes an SGX quote (Intel DCAP quote format, versions 3 to 5) signed with ECDSA P-256. */
export async function createQuote(maker: QuoteMaker, options: QuoteOptions): Promise<Uint8Array> {
  const form = { version: options.version ?? 3, tee: "sgx", bodyType: SGX_REPORT } as const;
  const body = encodeReportBody({ ...options, cpuSvn: options.cpuSvn ?? cpuSvnOf(maker.machine) });
  return signQuote(encodePrefix(form, body, options), form, maker, options);
}
