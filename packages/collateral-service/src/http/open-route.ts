import type { Admission } from "../fill.ts";
import type { Answer } from "./answer.ts";
import type { Parameter } from "./route.ts";

/** A request to a path outside the protocol of Intel's service. */
export interface OpenRequest {
  /** As it came, without its query. */
  readonly path: string;
  /** Without its question mark. */
  readonly query: string;
  readonly admission: Admission;
}

/** What is told of an operation outside the protocol of Intel's service: GET, without a token. */
export interface OpenOperation {
  /** Such as `/vcek/v1/{product}/crl`. */
  readonly path: string;
  /** Names it in the API description. */
  readonly id: string;
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly mediaType: string;
}

/** Such an operation with what does it. */
export interface OpenRoute extends OpenOperation {
  readonly handle: (request: OpenRequest) => Promise<Answer>;
}

/** Finds the route of a path: the first that fits, with one segment for each name in braces. */
export function findOpenRoute(routes: readonly OpenRoute[], path: string): OpenRoute | undefined {
  const segments = path.split("/");
  return routes.find((route) => {
    const wanted = route.path.split("/");
    return (
      wanted.length === segments.length &&
      wanted.every((segment, index) => segment === segments[index] || (isName(segment) && segments[index] !== ""))
    );
  });
}

/** Names in braces of a path. */
export function namesIn(path: string): string[] {
  return path
    .split("/")
    .filter(isName)
    .map((segment) => segment.slice(1, -1));
}

function isName(segment: string): boolean {
  return segment.startsWith("{");
}
