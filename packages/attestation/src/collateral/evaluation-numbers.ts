import { JsonNode } from "../json/json-node.ts";
import type { IntelTeeKind } from "../tee/tee-kind.ts";

/** The TCB recovery sets that Intel publishes now (Intel PCS API version 4, "Retrieve TCB evaluation data numbers"). */
export interface EvaluationNumbers {
  readonly tee: IntelTeeKind;
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  /** TCB evaluation data numbers, in the order of the document. */
  readonly numbers: readonly number[];
}

const CODE = "evaluation-numbers-malformed";
const VERSION = 1;
const NUMBERS_MAX = 256;
const MAX_U32 = 0xffff_ffff;
const IDS: Readonly<Record<IntelTeeKind, string>> = { sgx: "SGX", tdx: "TDX" };

/**
 * Parses the exact text of a list of evaluation data numbers, whose signature the caller has checked or will check.
 * @param tee the kind of TEE that it must be about
 * @throws AttestationError `evaluation-numbers-malformed`, `evaluation-numbers-tee-mismatch`
 */
export function parseEvaluationNumbers(text: string, tee: IntelTeeKind): EvaluationNumbers {
  const document = JsonNode.parse(text, CODE, "list of TCB evaluation data numbers");
  const id = document.member("id").string();
  if (id !== IDS[tee]) {
    throw document.refusal("it is about another TEE", IDS[tee], id, "evaluation-numbers-tee-mismatch");
  }
  const version = document.member("version").integer(MAX_U32);
  if (version !== VERSION) {
    throw document.refusal("version is not supported", `${VERSION}`, `${version}`);
  }
  return {
    tee,
    issueDate: document.member("issueDate").instant(),
    nextUpdate: document.member("nextUpdate").instant(),
    numbers: document.member("tcbEvalNumbers").elements(1, NUMBERS_MAX).map(readNumber),
  };
}

function readNumber(entry: JsonNode): number {
  entry.member("tcbRecoveryEventDate").instant();
  entry.member("tcbDate").instant();
  return entry.member("tcbEvaluationDataNumber").integer(MAX_U32);
}
