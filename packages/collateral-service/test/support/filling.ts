import { afterEach, before, beforeEach } from "node:test";
import { trustedRootFromPem } from "@sealserve/attestation";
import { type FillContext, UpstreamFill } from "../../src/fill/upstream-fill.ts";
import type { FillMode } from "../../src/fill.ts";
import type { SqlDatabase } from "../../src/sql/database.ts";
import { listDocuments } from "../../src/store/documents.ts";
import { type AttemptRules, Attempts } from "../../src/upstream/attempts.ts";
import { type Exchange, type ExchangeSettings, openExchange } from "../../src/upstream/exchange.ts";
import { INTEL_PCS, parsePcsAddress } from "../../src/upstream/pcs-address.ts";
import { PcsProvider } from "../../src/upstream/pcs-provider.ts";
import { databases, type TestDatabase } from "./databases.ts";
import { type SimulatedPcs, simulatedPcs } from "./simulated-pcs.ts";
import { startUpstream, type UpstreamServer } from "./upstream-server.ts";

/** Fast enough for tests; the rules themselves are tested on their own. */
const RULES: AttemptRules = { attempts: 2, firstPauseMs: 1, patienceMs: 50 };

/** May have anything begun. */
export const anybody = (): void => undefined;

export interface TestProvider {
  readonly provider: PcsProvider;
  readonly exchange: Exchange;
}

/** A provider that reaches the simulated upstream. */
export function openProvider(
  upstream: UpstreamServer,
  {
    rules = RULES,
    apiKeys = ["0123456789abcdef0123456789abcdef"],
    ...settings
  }: { rules?: AttemptRules; apiKeys?: readonly string[] } & ExchangeSettings = {},
): TestProvider {
  const exchange = openExchange({ ...upstream.settings, ...settings });
  const attempts = new Attempts(exchange, rules);
  return { provider: new PcsProvider({ attempts, address: parsePcsAddress(INTEL_PCS), apiKeys }), exchange };
}

/** Fills `database` from the simulated upstream. */
export async function openFill(
  pcs: SimulatedPcs,
  provider: PcsProvider,
  database: SqlDatabase,
  { mode = "LAZY", ...options }: { mode?: FillMode } & Partial<FillContext> = {},
): Promise<UpstreamFill> {
  return new UpstreamFill({
    mode,
    provider,
    database,
    root: await trustedRootFromPem(pcs.vendor.rootPem),
    now: () => new Date(),
    ...options,
  });
}

/** What a test of filling works with: an upstream and an empty store between which fills are opened. */
export class FillingTest {
  readonly pcs: SimulatedPcs;
  readonly upstream: UpstreamServer;
  readonly database: SqlDatabase;
  readonly #server: TestDatabase;
  readonly #opened: TestProvider;

  private constructor(pcs: SimulatedPcs, upstream: UpstreamServer, server: TestDatabase, database: SqlDatabase) {
    this.pcs = pcs;
    this.upstream = upstream;
    this.database = database;
    this.#server = server;
    this.#opened = openProvider(upstream);
  }

  static async start(pcs: SimulatedPcs): Promise<FillingTest> {
    const upstream = await startUpstream(pcs.reply);
    const server = (await databases["SQLite"]?.start()) as TestDatabase;
    return new FillingTest(pcs, upstream, server, await server.open());
  }

  open(options: { mode?: FillMode } & Partial<FillContext> = {}): Promise<UpstreamFill> {
    return openFill(this.pcs, this.#opened.provider, this.database, options);
  }

  /** Ends connections to upstream, as a service that stops does. */
  stopAsking(): void {
    this.#opened.exchange.close();
  }

  /** Of all documents that are stored. */
  async keys(): Promise<string[]> {
    return (await this.database.read((connection) => listDocuments(connection))).map(({ key }) => key);
  }

  async stop(): Promise<void> {
    this.stopAsking();
    await this.database.close();
    await this.#server.stop();
    await this.upstream.close();
  }
}

/**
 * Has each test of a suite begin with documents that were issued at `now` and an empty store.
 * @param prepare makes platforms known
 * @returns what the running test works with
 */
export function fillingTests(now: Date, prepare: (pcs: SimulatedPcs) => Promise<void>): () => FillingTest {
  let pcs: SimulatedPcs;
  let running: FillingTest;
  before(async () => {
    pcs = await simulatedPcs(now);
    await prepare(pcs);
  });
  beforeEach(async () => {
    await pcs.issue(now);
    running = await FillingTest.start(pcs);
  });
  afterEach(() => running.stop());
  return () => running;
}
