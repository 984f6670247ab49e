import type { ByteReader } from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { INTEL_TEES } from "../tee/intel-tee.ts";
import type { IntelTeeKind } from "../tee/tee-kind.ts";
import type { QuoteHeader } from "./quote-header.ts";
import { readSgxReportBody, SGX_REPORT_BODY_LENGTH, type SgxReportBody } from "./sgx-report-body.ts";
import {
  readTdReport10,
  readTdReport15,
  TD_REPORT_10_LENGTH,
  TD_REPORT_15_LENGTH,
  type TdReportBody,
} from "./td-report-body.ts";

/** What a quote is about. */
export type QuoteBody =
  | { readonly tee: "sgx"; readonly report: SgxReportBody }
  | { readonly tee: "tdx"; readonly report: TdReportBody };

interface BodyFormat {
  readonly tee: IntelTeeKind;
  readonly length: number;
  readonly read: (reader: ByteReader) => QuoteBody;
}

const SGX: BodyFormat = {
  tee: "sgx",
  length: SGX_REPORT_BODY_LENGTH,
  read: (reader) => ({ tee: "sgx", report: readSgxReportBody(reader) }),
};
const TD_10: BodyFormat = {
  tee: "tdx",
  length: TD_REPORT_10_LENGTH,
  read: (reader) => ({ tee: "tdx", report: readTdReport10(reader) }),
};
const TD_15: BodyFormat = {
  tee: "tdx",
  length: TD_REPORT_15_LENGTH,
  read: (reader) => ({ tee: "tdx", report: readTdReport15(reader) }),
};

type FindFormat = (reader: ByteReader, header: QuoteHeader) => BodyFormat | undefined;

/** How each version of quotes says what its body is; a version without a row is refused. */
const BODY_FORMATS: ReadonlyMap<number, FindFormat> = new Map<number, FindFormat>([
  [3, () => SGX],
  [4, (_reader, { teeType }) => [SGX, TD_10].find(({ tee }) => INTEL_TEES[tee].quoteTeeType === teeType)],
  [5, readDescribedFormat],
]);

const DESCRIBED_FORMATS: ReadonlyMap<number, BodyFormat> = new Map([
  [1, SGX],
  [2, TD_10],
  [3, TD_15],
]);

/**
 * Reads the body of a quote, and the descriptor that stands before it from version 5 on.
 * @throws AttestationError `quote-version-unsupported`, `quote-malformed` for a type or size that does not go with the header
 */
export function readQuoteBody(reader: ByteReader, header: QuoteHeader): QuoteBody {
  const formatOf = BODY_FORMATS.get(header.version);
  if (formatOf === undefined) {
    throw new AttestationError("quote-version-unsupported", "quote has an unknown version", {
      expected: [...BODY_FORMATS.keys()].join(", "),
      actual: `${header.version}`,
    });
  }
  const format = formatOf(reader, header);
  if (format === undefined || header.teeType !== INTEL_TEES[format.tee].quoteTeeType) {
    throw new AttestationError("quote-malformed", `TEE type and body of a version ${header.version} quote disagree`, {
      expected: format === undefined ? "a known body" : `TEE type ${INTEL_TEES[format.tee].quoteTeeType}`,
      actual: `TEE type ${header.teeType}`,
    });
  }
  return format.read(reader);
}

/** The size in the descriptor is the attester's word: it must be that of the type, never the other way round. */
function readDescribedFormat(reader: ByteReader): BodyFormat | undefined {
  const type = reader.u16();
  const size = reader.u32();
  const format = DESCRIBED_FORMATS.get(type);
  if (format !== undefined && format.length !== size) {
    throw new AttestationError("quote-malformed", `quote body of type ${type} has the wrong size`, {
      expected: `${format.length} bytes`,
      actual: `${size} bytes`,
    });
  }
  return format;
}
