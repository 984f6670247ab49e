import { encodeHex } from "@sealserve/core";
import { encodePrefix, type PrefixOverrides } from "./quote-prefix.ts";
import { type QuoteMaker, type SectionOverrides, signQuote } from "./signature-section.ts";
import { encodeTdReportBody, type TdReportFields } from "./td-report-body.ts";

/** What the quote is about, and ways in which a test can make it wrong. */
export interface TdQuoteOptions extends TdReportFields, PrefixOverrides, SectionOverrides {
  /** Form of the quote; default 4. */
  readonly version?: 4 | 5;
  /** In version 5: 2 for TD report 1.0, 3 (the default) for 1.5. Version 4 has 1.0 only. */
  readonly bodyType?: 2 | 3;
}

const TD_REPORT_1_0 = 2;
const TD_REPORT_1_5 = 3;

/** Makes a TDX quote (Intel DCAP quote format, versions 4 and 5) signed with ECDSA P-256. */
export async function createTdQuote(maker: QuoteMaker, options: TdQuoteOptions): Promise<Uint8Array> {
  const version = options.version ?? 4;
  const bodyType = version === 4 ? TD_REPORT_1_0 : (options.bodyType ?? TD_REPORT_1_5);
  const form = { version, tee: "tdx", bodyType } as const;
  const teeTcbSvn = options.teeTcbSvn ?? encodeHex(Uint8Array.from(maker.machine.teeTcbSvn));
  const body = encodeTdReportBody({ ...options, teeTcbSvn }, bodyType === TD_REPORT_1_5 ? "1.5" : "1.0");
  return signQuote(encodePrefix(form, body, options), form, maker, options);
}
