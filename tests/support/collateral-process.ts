/** The collateral service as a process, with a simulated vendor's root and a machine of that vendor. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVendor, type Vendor } from "@sealserve/simulator";
import { type Running, startSealserve } from "../e2e/command.ts";
import { HttpsClient } from "./https-request.ts";

export const TOKEN = "a token for tests";

export const hashOf = (token: string): string => createHash("sha512").update(token).digest("hex");

/** A folder with a configuration, and what runs by it. */
export class CollateralProcess {
  readonly folder: string;
  readonly vendor: Vendor;
  #running: Running | undefined;
  #client: HttpsClient | undefined;

  private constructor(folder: string, vendor: Vendor) {
    this.folder = folder;
    this.vendor = vendor;
  }

  static async prepare(settings: string): Promise<CollateralProcess> {
    const folder = await mkdtemp(join(tmpdir(), "collateral-process-"));
    const vendor = await createVendor({ now: new Date() });
    await writeFile(join(folder, "root.pem"), vendor.rootPem);
    const process = new CollateralProcess(folder, vendor);
    await process.configure(settings);
    return process;
  }

  async configure(settings: string, token: string = TOKEN): Promise<void> {
    const tokens = `tokens: { user: "${hashOf(token)}", admin: "${hashOf(token)}" }`;
    const text = `listen: 127.0.0.1:0\nsimulatedRoot: root.pem\n${tokens}\n${settings}\n`;
    await writeFile(join(this.folder, "collateral.yaml"), text);
  }

  async start(): Promise<void> {
    this.#running = startSealserve(["collateral", "serve", "--config", join(this.folder, "collateral.yaml"), "--json"]);
    await this.#running.matches(/"event":"ready"/);
    this.#client = await this.connect();
  }

  get url(): string {
    return this.#ready.url;
  }

  /** Of the port for those who run it, where the settings name one. */
  get monitoringUrl(): string | undefined {
    return this.#ready.monitoringUrl;
  }

  get #ready(): { url: string; monitoringUrl?: string } {
    return JSON.parse(/\{"event":"ready".*/.exec(this.running.stdout)?.[0] ?? "");
  }

  /** Another client, with connections of its own. */
  async connect(): Promise<HttpsClient> {
    return new HttpsClient(Number(new URL(this.url).port), await this.certificate());
  }

  get running(): Running {
    return this.#running as Running;
  }

  get client(): HttpsClient {
    return this.#client as HttpsClient;
  }

  certificate(): Promise<string> {
    return readFile(join(this.folder, "collateral-state/tls.crt"), "utf8");
  }

  async stop(signal: NodeJS.Signals = "SIGTERM") {
    this.#client?.close();
    return this.running.stop(signal);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
