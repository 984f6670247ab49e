import type { Servable, VersionStatus } from "../core/servables.ts";
import type { AspiredVersion } from "./aspired-version.ts";
import { nextAction } from "./availability-policy.ts";
import { type LoadRules, VersionLife } from "./version-life.ts";

/** How many versions that have ended and are not wanted any more a model's status remembers: the last ones. */
export const MAX_ENDED_VERSIONS = 100;

/** A servable, and the life that holds it loaded. */
export interface HeldServable {
  readonly life: VersionLife;
  readonly servable: Servable;
}

/** All versions of one model, moved towards those that its source wants. */
export class ModelVersions {
  readonly #name: string;
  readonly #rules: LoadRules;
  readonly #changed: () => void;
  #aspired: ReadonlyMap<bigint, AspiredVersion> = new Map();
  /** In the order in which they began. */
  readonly #lives = new Map<bigint, VersionLife>();
  /** Those that calls run on: newest first, and those whose engine has ended behind the others. */
  #callable: readonly HeldServable[] = [];
  #stepping = false;

  /** @param changed called after every change of a version's state */
  constructor(name: string, rules: LoadRules, changed: () => void) {
    this.#name = name;
    this.#rules = rules;
    this.#changed = changed;
  }

  /** Whether anything of the model is wanted, or not at its end. */
  get live(): boolean {
    return this.#aspired.size > 0 || [...this.#lives.values()].some(({ state }) => state !== "END");
  }

  /** States of all versions that are remembered, newest first. */
  statuses(): readonly VersionStatus[] {
    this.#checkEngines();
    return [...this.#lives.values()]
      .sort((a, b) => newestFirst(a, b))
      .map(({ version, state, error }) => ({ version, state, ...(error === undefined ? {} : { error }) }));
  }

  /** States of the versions that are wanted, newest first. */
  wanted(): readonly VersionStatus[] {
    return this.statuses().filter(({ version }) => this.#aspired.has(version));
  }

  /** Names the versions that are wanted from now on. */
  aspire(versions: readonly AspiredVersion[]): void {
    this.#aspired = new Map(versions.map((aspired) => [aspired.version, aspired]));
    this.#checkEngines();
    this.#step();
  }

  /** The version of that number, or the newest that serves. */
  find(version: bigint | undefined): HeldServable | undefined {
    return version === undefined
      ? this.#callable[0]
      : this.#callable.find(({ servable }) => servable.version === version);
  }

  /** Takes every change that is due. A change of state in between comes back here. */
  #step(): void {
    if (this.#stepping) {
      return;
    }
    this.#stepping = true;
    this.#reconcile();
    for (let action = this.#nextAction(); action !== undefined; action = this.#nextAction()) {
      const life = this.#lives.get(action.version);
      void (action.kind === "load" ? life?.load() : life?.unload());
    }
    this.#forget();
    this.#stepping = false;
    this.#changed();
  }

  /** Gives wanted versions a life, and ends those that are unwanted before they serve. */
  #reconcile(): void {
    for (const life of this.#lives.values()) {
      const wanted = this.#aspired.has(life.version);
      if (life.state === "AVAILABLE") {
        life.wanted = wanted;
      } else if (life.wanted && !wanted) {
        life.wanted = false;
        life.abandon();
      }
    }
    for (const [version, aspired] of this.#aspired) {
      const life = this.#lives.get(version);
      if (life === undefined || (life.state === "END" && !life.wanted)) {
        this.#lives.delete(version);
        this.#lives.set(version, new VersionLife(this.#name, aspired, this.#rules, () => this.#onChange()));
      } else {
        life.renew(aspired);
      }
    }
  }

  #nextAction(): ReturnType<typeof nextAction> {
    return nextAction([...this.#lives.values()]);
  }

  #onChange(): void {
    this.#callable = [...this.#lives.values()]
      .sort((a, b) => Number(a.state !== "AVAILABLE") - Number(b.state !== "AVAILABLE") || newestFirst(a, b))
      .flatMap((life) => (life.servable === undefined ? [] : [{ life, servable: life.servable }]));
    this.#step();
  }

  #checkEngines(): void {
    for (const life of this.#lives.values()) {
      life.checkEngine();
    }
  }

  #forget(): void {
    const ended = [...this.#lives.values()].filter(({ state, wanted }) => state === "END" && !wanted);
    for (const { version } of ended.slice(0, -MAX_ENDED_VERSIONS)) {
      this.#lives.delete(version);
    }
  }
}

function newestFirst(a: VersionLife, b: VersionLife): number {
  return a.version < b.version ? 1 : -1;
}
