import type { LoadedModel } from "@sealserve/models";
import type { GrpcCodeName, ModelSpec, modelStates } from "@sealserve/protocol";
import type { Awaitable } from "./awaitable.ts";

/** The sealed package that a version comes from, and how long it may be served. */
export interface Seal {
  /** SHA-256 of the package's manifest, lower-case hex. */
  readonly manifestDigest: string;
  readonly packageVersion: number;
  /** When the lease ends if it is not renewed; undefined without an end. */
  readonly leaseEndsAt: Date | undefined;
}

/** A version of a model that can be run: what TensorFlow Serving calls a servable. */
export interface Servable {
  readonly name: string;
  readonly version: bigint;
  readonly model: LoadedModel;
  /** Undefined for a model that was read from plain files. */
  readonly seal?: Seal | undefined;
}

/** Where a version stands in its life. */
export interface VersionStatus {
  readonly version: bigint;
  readonly state: keyof typeof modelStates;
  /** Why it could not be loaded, or why its engine has ended. */
  readonly error?: { readonly code: GrpcCodeName; readonly message: string };
}

/** The models of a server, as its calls see them. */
export interface Servables {
  /**
   * The version that a request asks for: by number, by label, or the newest.
   *
   * @throws ServingError with TensorFlow Serving's codes and messages
   */
  find(spec: ModelSpec): Servable;
  /** Runs `work` on the version that a request asks for, which stays loaded until `work` is done. @throws at once, as {@link find} */
  use<T>(spec: ModelSpec, work: (servable: Servable) => Awaitable<T>): Awaitable<T>;
  /** All versions of a model that are known, newest first; none for a model that is not known. */
  versions(name: string): readonly VersionStatus[];
  /** Names of the models that are known, in order. */
  names(): readonly string[];
}
