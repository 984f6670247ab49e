import { createHash } from "node:crypto";
import { decodeBase64, decodeUtf8, type JsonValue, parseStrictJson, undefinedIfMalformed } from "@sealserve/core";
import { type Answer, textAnswer } from "../http/answer.ts";
import { form, required } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import { type AppraisalPolicy, listDefaultPolicies, putAppraisalPolicy } from "../store/appraisal-policies.ts";
import { listOf, objectOf } from "./json-body.ts";

/** Classes of environments that a policy can be for (Intel's Quote Appraisal Library). */
const KINDS: ReadonlyMap<string, AppraisalPolicy["kind"]> = new Map([
  ["3123ec35-8d38-4ea5-87a5-d6c48b567570", "SGX"],
  ["9eec018b-7481-4b1c-8e1a-9f7c0c8c777f", "TDX10"],
  ["f708b97f-0fb2-4e6b-8b03-8a5bcd1221d3", "TDX15"],
]);
/** The TD quoting enclave, which stands beside one of the others. */
const TD_QUOTING_ENCLAVE = "3769258c-75e6-4bc7-8d72-d2b0e224cad2";
const MAXIMUM_ENTRIES = 256;

/** GET appraisalpolicy */
export async function getAppraisalPolicy({ query }: RouteRequest, { database }: ServiceContext): Promise<Answer> {
  const fmspc = required("fmspc", query.get("fmspc"), form.fmspc);
  const texts = await database.read((connection) => listDefaultPolicies(connection, fmspc));
  if (texts.length === 0) {
    throw new RequestError("not-cached", "there is no default policy for this FMSPC");
  }
  return textAnswer(texts.join(","));
}

/** PUT appraisalpolicy */
export async function putPolicy({ body }: RouteRequest, { database }: ServiceContext): Promise<Answer> {
  const members = objectOf("the body", body);
  const isDefault = members["is_default"];
  const fmspc = required("fmspc", members["fmspc"], form.fmspc);
  const text = required("policy", members["policy"], form.text);
  if (typeof isDefault !== "boolean") {
    throw invalid("is_default is missing or has another type");
  }
  const id = policyId(text);
  await database.write((connection) =>
    putAppraisalPolicy(connection, { id, fmspc, kind: policyKind(text), isDefault, text }),
  );
  return textAnswer(id);
}

/** SHA-384 of its text, lower-case hex. */
export function policyId(policy: string): string {
  return createHash("sha384").update(policy).digest("hex");
}

/**
 * What a policy is for. Its signature is for the appraising side to check.
 * @throws RequestError `invalid-request`
 */
export function policyKind(policy: string): AppraisalPolicy["kind"] {
  const claims = objectOf("the policy", decodePayload(policy.split(".")[1] ?? ""));
  const payload = objectOf("policy_payload", parsed(claims["policy_payload"]));
  for (const entry of listOf("policy_array", payload["policy_array"], MAXIMUM_ENTRIES)) {
    const { class_id: id } = objectOf("environment", objectOf("an entry", entry)["environment"]);
    const name = typeof id === "string" ? id.toLowerCase() : "";
    if (name !== TD_QUOTING_ENCLAVE) {
      return KINDS.get(name) ?? refuse();
    }
  }
  return refuse();
}

function decodePayload(part: string): JsonValue | undefined {
  const padded = part
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .padEnd(Math.ceil(part.length / 4) * 4, "=");
  return parsed(undefinedIfMalformed(() => decodeUtf8(decodeBase64(padded))));
}

function parsed(text: JsonValue | undefined): JsonValue | undefined {
  return typeof text === "string" ? undefinedIfMalformed(() => parseStrictJson(text)) : undefined;
}

function refuse(): never {
  throw invalid("the policy is for no environment that is known");
}
