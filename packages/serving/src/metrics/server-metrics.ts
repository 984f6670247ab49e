import type { Servables } from "../core/servables.ts";
import { LifeMetrics } from "./life-metrics.ts";
import { MetricRegistry } from "./registry.ts";
import { RequestMetrics } from "./request-metrics.ts";

/** The metrics that every server has. */
export class ServerMetrics {
  readonly registry = new MetricRegistry();
  readonly requests: RequestMetrics;
  readonly life: LifeMetrics;

  /** @param servables the models whose names may become labels */
  constructor(servables: Pick<Servables, "names" | "versions">) {
    this.requests = new RequestMetrics(this.registry, (model) => servables.versions(model).length > 0);
    this.life = new LifeMetrics(this.registry, servables);
  }
}
