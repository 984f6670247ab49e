import type { JsonValue } from "@sealserve/core";
import type { Admission } from "../fill.ts";
import type { ServiceContext } from "../service-context.ts";
import type { ApiVersion } from "../store/document-key.ts";
import type { Answer } from "./answer.ts";
import type { Form } from "./parameters.ts";
import type { Query } from "./query.ts";
import type { TokenKind } from "./tokens.ts";

/** A request that has a route and, where it needs one, a token. */
export interface RouteRequest {
  readonly version: ApiVersion;
  readonly query: Query;
  /** Undefined when there is none, or none of a media type that is read. */
  readonly body: JsonValue | undefined;
  /** Whether the answer's body is sent: not to HEAD. */
  readonly wantsBody: boolean;
  /** What the caller may have begun upstream. */
  readonly admission: Admission;
}

export type Method = "GET" | "PUT" | "POST";

/** A parameter of a query. */
export interface Parameter {
  readonly name: string;
  readonly form: Form<unknown>;
  readonly required: boolean;
}

export function must(name: string, form: Parameter["form"]): Parameter {
  return { name, form, required: true };
}

export function may(name: string, form: Parameter["form"]): Parameter {
  return { name, form, required: false };
}

/** One operation, below the base paths of the API. */
export interface Route {
  readonly method: Method;
  /** Such as `/tcb`, in lower case. */
  readonly path: string;
  /** Names it in the API description, and in the metrics. */
  readonly id: string;
  readonly summary: string;
  readonly token?: TokenKind;
  readonly parameters: readonly Parameter[];
  /** JSON schema of the body. */
  readonly body?: JsonValue;
  /** Media type of the answer when all goes well. */
  readonly mediaType: string;
  readonly handle: (request: RouteRequest, context: ServiceContext) => Promise<Answer>;
}
