import { admitDocument } from "../admit-document.ts";
import type { Admission, CollateralFill, FillMode, PlatformMiss, RefreshScope, RefreshSummary } from "../fill.ts";
import { type FmspcGroup, type ListedFmspc, type PlatformRequest, ProviderError } from "../provider.ts";
import { type RefreshContext, refreshStored } from "../refresh/refresh-stored.ts";
import type { SqlConnection } from "../sql/database.ts";
import {
  type DocumentId,
  type EvaluatedId,
  type IdentityKind,
  keyOf,
  type PckCa,
  type Update,
} from "../store/document-key.ts";
import type { StoredDocument } from "../store/documents.ts";
import { findPlatform, findResolvedTcb, type RawTcb } from "../store/platforms.ts";
import { putRegistration, type Registration, type RegistrationState } from "../store/registrations.ts";
import { isPlainCrlUri } from "../upstream/crl-uri.ts";
import type { VerifiedPckCertificates } from "../verify-pck-certificates.ts";
import { fetchVerified, neededList, refusingAsGarbage } from "./fetch-verified.ts";
import { fillPlatform, isCurrent, type PlatformOrder } from "./platform-fill.ts";
import { oneAtATime } from "./shared-flight.ts";
import { SingleFlight } from "./single-flight.ts";
import { UpstreamListings } from "./upstream-listings.ts";

/** What fills the store from upstream. */
export interface FillContext extends Omit<RefreshContext, "ensureRootList"> {
  readonly mode: FillMode;
  /** How long it is remembered that upstream does not have something. Default 60 s. */
  readonly absenceMs?: number;
}

const ABSENCE_MS = 60_000;
const CAS: readonly PckCa[] = ["processor", "platform"];
const IDENTITIES: readonly IdentityKind[] = ["QE", "QVE", "TDQE"];

/** How a platform is completed. */
interface PlatformCompletion {
  /** Whether it is there already: another flight may have landed. */
  readonly isCached: (connection: SqlConnection) => Promise<boolean>;
  /** To be resolved with its certificates. */
  readonly tcb?: RawTcb | undefined;
  /** See {@link SingleFlight.run}. */
  readonly admission?: Admission;
}

/**
 * Fills the store: at misses, at registrations, or never, by its mode. One upstream request serves all who wait for the
 * same thing, here and in all processes that share the store, and nothing is stored that is not proven or goes back behind what was stored before.
 */
export class UpstreamFill implements CollateralFill {
  readonly mode: FillMode;
  readonly #context: RefreshContext;
  readonly #flights: SingleFlight;
  readonly #listings: UpstreamListings;
  readonly #refreshes = new SingleFlight(0);
  /** By platform: the first of those that ask for it with different encrypted PPIDs at one time. */
  readonly #leaders = new Map<string, Promise<unknown>>();

  constructor(context: FillContext) {
    this.#context = { ...context, ensureRootList: (chain) => this.#ensureRootList(chain) };
    this.mode = context.mode;
    this.#flights = new SingleFlight(context.absenceMs ?? ABSENCE_MS);
    this.#listings = new UpstreamListings(this.#context, this.#flights);
  }

  async document(id: DocumentId, admission: Admission): Promise<void> {
    if (this.mode === "LAZY" && (id.kind !== "crl" || isPlainCrlUri(id.uri))) {
      await this.#completeDocument(id, admission);
    }
  }

  async platform(miss: PlatformMiss, admission: Admission): Promise<void> {
    if (this.mode !== "LAZY") {
      return;
    }
    if (/^0*$/.test(miss.encryptedPpid)) {
      throw new ProviderError("not-found", "the platform did not say by which encrypted PPID upstream knows it");
    }
    const isCached = async (connection: SqlConnection): Promise<boolean> =>
      (await findPlatform(connection, miss)) !== undefined;
    const complete = async (): Promise<void> => {
      await this.#completePlatform({ ...miss, manifest: "" }, { isCached, admission });
    };
    await this.#afterLeader(`${miss.qeId}/${miss.pceId}`, complete);
  }

  async evaluation(id: EvaluatedId, number: number, admission: Admission): Promise<StoredDocument | undefined> {
    return this.mode === "LAZY" ? this.#listings.evaluation(id, number, admission) : undefined;
  }

  async fmspcs(group: FmspcGroup, admission: Admission): Promise<readonly ListedFmspc[] | undefined> {
    return this.mode === "LAZY" ? this.#listings.fmspcs(group, admission) : undefined;
  }

  async pckCertificates(request: PlatformRequest, admission: Admission): Promise<VerifiedPckCertificates | undefined> {
    return this.mode === "LAZY" ? this.#listings.pckCertificates(request, admission) : undefined;
  }

  async registered(registration: Registration): Promise<void> {
    if (this.mode !== "LAZY") {
      await this.#queue(registration, "NEW");
    }
    if (this.mode === "OFFLINE") {
      return;
    }
    const tcb = registration.manifest === "" ? registration : undefined;
    const isCached = (connection: SqlConnection): Promise<boolean> => isRegistered(connection, registration);
    const { notAvailable } = await this.#completePlatform(registration, { isCached, tcb });
    if (this.mode === "REQ") {
      await this.#queue(registration, notAvailable > 0 ? "NOT_AVAILABLE" : "DELETED");
    }
  }

  async complete(updates: readonly Update[]): Promise<void> {
    if (this.mode === "OFFLINE") {
      return;
    }
    const identities = updates.flatMap((update) =>
      IDENTITIES.map((identity): DocumentId => ({ kind: "identity", identity, version: 4, update })),
    );
    const lists = CAS.map((ca): DocumentId => ({ kind: "pck-crl", ca }));
    await Promise.all([...lists, ...identities].map((id) => this.#completeDocument(id)));
    // Last: an identity that is stored names the root, which says where its list is.
    await this.#completeDocument({ kind: "root-ca-crl" });
  }

  async refresh(scope: RefreshScope): Promise<RefreshSummary> {
    const key = scope.kind === "documents" ? scope.kind : `${scope.kind}/${[scope.fmspcs].flat().join()}`;
    return this.#refreshes.run(key, () => refreshStored(scope, this.#context));
  }

  /**
   * Hardware encrypts its PPID anew each time, so processes of one machine do not ask for the same thing to the letter. They
   * wait for the first of them, which usually fills the store for all. Where it fails, since anybody may say anything, each
   * goes on with its own.
   */
  async #afterLeader(platform: string, complete: () => Promise<void>): Promise<void> {
    const leader = this.#leaders.get(platform);
    if (leader !== undefined) {
      await leader.catch(() => undefined);
      await complete();
      return;
    }
    const leading = complete().finally(() => this.#leaders.delete(platform));
    this.#leaders.set(platform, leading);
    await leading;
  }

  /**
   * Whether a signer was taken back cannot be looked up without it: nothing is proven before it is there, and one past its end
   * may lack what was taken back since (threat A2).
   */
  async #ensureRootList(chain: string): Promise<void> {
    const list: DocumentId = { kind: "root-ca-crl" };
    if (!(await isCurrent(list, this.#context))) {
      await neededList(this.#completeDocument(list, undefined, chain));
    }
  }

  #completeDocument(id: DocumentId, admission?: Admission, chain?: string): Promise<void> {
    const { database } = this.#context;
    const complete = async (): Promise<void> => {
      // Another flight, here or in another process, may have landed between the caller's look and this one.
      if (!(await isCurrent(id, this.#context))) {
        const verified = await fetchVerified(id, this.#context, chain);
        await refusingAsGarbage(() => database.write((connection) => admitDocument(connection, verified)));
      }
    };
    return this.#flights.run(keyOf(id), () => oneAtATime(database, keyOf(id), complete), admission);
  }

  #completePlatform(
    order: PlatformOrder,
    { isCached, tcb, admission }: PlatformCompletion,
  ): Promise<{ readonly notAvailable: number }> {
    const { qeId, pceId, encryptedPpid, manifest } = order;
    const { database } = this.#context;
    const parts = ["platform", qeId, pceId, manifest === "" ? encryptedPpid : manifest, tcb?.cpuSvn, tcb?.pceSvn];
    const key = parts.join("/");
    const complete = async (): Promise<{ readonly notAvailable: number }> =>
      (await database.read(isCached))
        ? { notAvailable: 0 }
        : fillPlatform(order, this.#context, (id) => this.#completeDocument(id), tcb);
    return this.#flights.run(key, () => oneAtATime(database, key, complete), admission);
  }

  #queue(registration: Registration, state: RegistrationState): Promise<void> {
    const { database, now } = this.#context;
    return database.write((connection) => putRegistration(connection, registration, state, now()));
  }
}

/** Whether nothing of a registration is left to be fetched. */
async function isRegistered(connection: SqlConnection, registration: Registration): Promise<boolean> {
  const platform = await findPlatform(connection, registration);
  if (platform === undefined) {
    return false;
  }
  return registration.manifest === ""
    ? (await findResolvedTcb(connection, registration, registration)) !== undefined
    : platform.manifest === registration.manifest;
}
