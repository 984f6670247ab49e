/** Answers of a stock gRPC client in the words of the public cases. */
import type { PlainMessage } from "../support/stock-client.ts";
import type { FloatTensor } from "./nested-numbers.ts";

interface Classifications {
  readonly classifications?: readonly { readonly classes?: readonly PlainMessage[] }[];
}

interface Regressions {
  readonly regressions?: readonly { readonly value?: number }[];
}

/** Members that answers can have, of whatever rpc. */
interface AnyAnswer {
  readonly modelSpec?: ModelSpec;
  readonly outputs?: Readonly<Record<string, FloatTensor>>;
  readonly result?: Classifications & Regressions;
  readonly results?: readonly { classificationResult?: Classifications; regressionResult?: Regressions }[];
  readonly metadata?: Readonly<Record<string, { readonly type_url?: string }>>;
  readonly modelVersionStatus?: readonly VersionStatus[];
}

interface ModelSpec {
  readonly name?: string;
  readonly signatureName?: string;
  readonly version?: { readonly value?: string };
}

interface VersionStatus {
  readonly version?: string;
  readonly state?: string;
  readonly status?: { readonly errorCode?: number };
}

/** Every member that a case may expect of an answer; undefined for those that it does not have. */
export function caseForm(answer: PlainMessage): PlainMessage {
  const { modelSpec, outputs = {}, result, results, metadata = {}, modelVersionStatus }: AnyAnswer = answer;
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensorForm(tensor)])),
    model_spec: modelSpec && specForm(modelSpec),
    ...resultForm(result ?? {}),
    results: results?.map(({ classificationResult, regressionResult }) => ({
      ...resultForm({ ...classificationResult, ...regressionResult }),
    })),
    metadata_keys: Object.keys(metadata),
    any_type_url: Object.values(metadata)[0]?.type_url,
    model_version_status: modelVersionStatus?.map(({ version, state, status }) => ({
      version: Number(version),
      state,
      error_code: status?.errorCode ?? 0,
    })),
  };
}

function tensorForm({ dtype, tensorShape, floatVal }: FloatTensor): PlainMessage {
  return { dtype, shape: (tensorShape?.dim ?? []).map(({ size }) => Number(size)), values: floatVal };
}

function specForm({ name, signatureName, version }: ModelSpec): PlainMessage {
  return {
    name,
    ...(signatureName !== undefined && { signature_name: signatureName }),
    version: Number(version?.value),
  };
}

function resultForm({ classifications, regressions }: Classifications & Regressions): PlainMessage {
  return {
    ...(classifications && {
      classifications: classifications.map(({ classes = [] }) => classes.map((one) => ({ label: "", ...one }))),
    }),
    ...(regressions && { regressions: regressions.map(({ value }) => value) }),
  };
}
