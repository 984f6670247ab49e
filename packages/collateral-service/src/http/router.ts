import type { ApiVersion } from "../store/document-key.ts";
import type { Route } from "./route.ts";
import { SGX_ROUTES } from "./routes.ts";
import { PASSED_ON_SGX_ROUTES, TDX_ROUTES } from "./routes-of-version-4.ts";

/** A base path with its operations. */
export interface Api {
  readonly base: string;
  readonly version: ApiVersion;
  readonly routes: readonly Route[];
}

/** The whole service: the 30 operations of Intel's PCCS, and those of Intel's own service that are passed on. */
export const APIS: readonly Api[] = [
  { base: "/sgx/certification/v4", version: 4, routes: [...SGX_ROUTES, ...PASSED_ON_SGX_ROUTES] },
  { base: "/tdx/certification/v4", version: 4, routes: TDX_ROUTES },
  { base: "/sgx/certification/v3", version: 3, routes: SGX_ROUTES },
];

/** A path that has operations. */
export interface Place {
  readonly version: ApiVersion;
  /** At least one. */
  readonly routes: readonly Route[];
}

/** Paths in lower case. */
const PLACES: ReadonlyMap<string, Place> = new Map(
  APIS.flatMap(({ base, version, routes }) =>
    routes.map(({ path }) => [`${base}${path}`, { version, routes: routes.filter((route) => route.path === path) }]),
  ),
);

/** Case and one slash at the end do not count, but the version is written in lower case. */
export function findPlace(path: string): Place | undefined {
  return path.includes("/V") ? undefined : PLACES.get(path.replace(/\/$/, "").toLowerCase());
}

/** Whether the path is below one of API version 3, which says that it has ended whatever it answers. */
export function isVersion3(path: string): boolean {
  return /^\/sgx\/certification\/v3(?:\/|$)/i.test(path);
}
